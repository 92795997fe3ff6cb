// Splits a line into words as keepalived does for ordinary keywords: blanks part them, only the double quote groups.
import type { Word } from './keyword.js';
import { originAt, type Text } from './text.js';

/** What C's isspace() takes for a blank. */
export const isBlank = (character: string): boolean => character === ' ' || (character >= '\t' && character <= '\r');

/** `"a b"c` is two words, a backslash is itself. `open`: a quote that never closes; its word goes to the end of the line. */
export function splitWords(line: Text): { readonly words: readonly Word[]; readonly open: boolean } {
  const { text } = line;
  const words: Word[] = [];
  let at = 0;
  while (at < text.length) {
    if (isBlank(text[at]!)) {
      at++;
    } else if (text[at] === '"') {
      const end = text.indexOf('"', at + 1);
      words.push({ text: text.slice(at + 1, end === -1 ? undefined : end), at: originAt(line, at), quoted: true });
      if (end === -1) return { words, open: true };
      at = end + 1;
    } else {
      const start = at;
      while (at < text.length && text[at] !== '"' && !isBlank(text[at]!)) at++;
      words.push({ text: text.slice(start, at), at: originAt(line, start), quoted: false });
    }
  }
  return { words, open: false };
}
