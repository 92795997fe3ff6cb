// Splits a line into words as keepalived does for ordinary keywords: blanks separate words, only double quotes group.
import type { Origin, Word } from '../keyword.js';
import { isBlank, originAt, type Text } from './text.js';

/**
 * `"a b"c` is two words, and a backslash stands for itself. `open`: the place of a quote that is never closed; the text behind it is
 * dropped.
 */
export function splitWords(line: Text): { readonly words: readonly Word[]; readonly open?: Origin } {
  const { text } = line;
  const words: Word[] = [];
  let at = 0;
  while (at < text.length) {
    if (isBlank(text[at]!)) {
      at++;
    } else if (text[at] === '"') {
      const end = text.indexOf('"', at + 1);
      if (end === -1) return { words, open: originAt(line, at) };
      words.push({ text: text.slice(at + 1, end), at: originAt(line, at), quoted: true });
      at = end + 1;
    } else {
      const start = at;
      while (at < text.length && text[at] !== '"' && !isBlank(text[at]!)) at++;
      words.push({ text: text.slice(start, at), at: originAt(line, start), quoted: false });
    }
  }
  return { words };
}
