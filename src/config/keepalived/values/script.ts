// keepalived's splitter for script lines. It understands both quotes and escapes and runs twice: on the line, then on the command in it.
import type { Script } from '../../../model/keepalived/script.js';

/** The words, or the quote that is never closed. */
type Split = { readonly kind: 'words'; readonly words: readonly string[] } | { readonly kind: 'open'; readonly quote: string };

const BLANKS = ' \t\n\v\f\r';
const named: ReadonlyMap<string, string> = new Map([
  ['a', '\x07'],
  ['b', '\b'],
  ['E', '\x1b'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
  ['v', '\v'],
]);

/**
 * The character that `text` (behind a backslash) stands for, and the length that was read. `\x` takes every hex digit and uses the low
 * byte, as 2.2.7 does.
 */
function escapedAt(text: string): { readonly character: string; readonly length: number } {
  const octal = /^[0-7]{1,3}/.exec(text)?.[0];
  if (octal !== undefined) return { character: String.fromCharCode(Number.parseInt(octal, 8) & 0xff), length: octal.length };
  const hex = /^x([0-9a-fA-F]+)/.exec(text)?.[1];
  if (hex !== undefined) return { character: String.fromCharCode(Number.parseInt(hex.slice(-2), 16)), length: 1 + hex.length };
  if (text.startsWith('c') && text.length > 1) return { character: String.fromCharCode(text.charCodeAt(1) & 0x1f), length: 2 };
  const first = text.slice(0, 1);
  return { character: named.get(first) ?? first, length: first.length };
}

/** Blanks separate words; `"` and `'` group; adjacent pieces are one word; a backslash escapes anywhere. */
function split(text: string): Split {
  const words: string[] = [];
  let word: string | undefined;
  let quote = '';
  for (let at = 0; at < text.length; at++) {
    const character = text[at]!;
    if (quote === '' && BLANKS.includes(character)) {
      if (word !== undefined) words.push(word);
      word = undefined;
      continue;
    }
    word ??= '';
    if (character === '\\' && at + 1 < text.length) {
      const escaped = escapedAt(text.slice(at + 1));
      word += escaped.character;
      at += escaped.length;
    } else if (character === quote) quote = '';
    else if (quote === '' && (character === '"' || character === "'")) quote = character;
    else word += character;
  }
  if (quote !== '') return { kind: 'open', quote };
  if (word !== undefined) words.push(word);
  return { kind: 'words', words };
}

/** The text up to a NUL, as in C. */
const upToNul = (text: string): string => /^[^\0]*/.exec(text)?.[0] ?? '';

/** The words of a command; undefined if a quote is not closed. For commands that are not scripts (`process`). */
export function splitCommand(text: string): readonly string[] | undefined {
  const found = split(text);
  return found.kind === 'words' ? found.words : undefined;
}

/** A script, or the text whose quote is not closed; neither if there is no command. */
export interface ReadScript {
  readonly script?: Script;
  readonly problem?: { readonly text: string; readonly quote: string };
}

/**
 * Reads the line behind `keyword` as written: a command (quoted as a whole if it has arguments), then `[user [group]]`. See
 * keepalived.conf(5), "Scripts"; the words come out as keepalived's dump shows them.
 */
export function readScript(keyword: string, raw: string): ReadScript {
  const line = split(raw);
  if (line.kind === 'open') return { problem: { text: `${keyword} ${raw.trim()}`, quote: line.quote } };
  const text = upToNul(line.words[0] ?? '');
  const command = split(text);
  if (command.kind === 'open') return { problem: { text, quote: command.quote } };
  if (command.words.length === 0) return {};
  const [, user, group] = line.words;
  const runAs = user === undefined ? {} : { runAs: { user, ...(group === undefined ? {} : { group }) } };
  return { script: { argv: command.words, text, ...runAs } };
}
