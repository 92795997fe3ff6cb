// Finds comments, and braces outside quotes: both can end a piece of a line early.

import { compose, type Part, type Text } from './text.js';

/** `${NAME}` and `${NAME words}`: an undefined parameter. Its braces open and close nothing (in keepalived they open a block). */
const REFERENCE = /\$\{[A-Za-z_]\w*(?: [^{}"]*)?\}/y;

/** The result of a search outside double quotes. */
interface Walk {
  /** Index of the first character of interest; -1: none. */
  readonly at: number;
  /** A double quote is never closed. */
  readonly open: boolean;
}

/** The first character outside double quotes that is in `stop`. A backslash escapes the next character. */
function walk(text: string, stop: string, references: boolean): Walk {
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const character = text[at]!;
    if (character === '\\' && stop !== '{}') at++;
    else if (character === '\\' && text[at + 1] === '"') at++;
    else if (character === '"') quoted = !quoted;
    else if (quoted) continue;
    else if (references && character === '$') {
      REFERENCE.lastIndex = at;
      const found = REFERENCE.exec(text);
      if (found !== null) at += found[0].length - 1;
    } else if (stop.includes(character)) return { at, open: false };
  }
  return { at: -1, open: quoted };
}

/** The index where the comment begins (`#` or `!` outside double quotes, not escaped), or the length of the text. */
export function commentStart(text: string): { readonly at: number; readonly openQuote: boolean } {
  if (!/[#!"]/.test(text)) return { at: text.length, openQuote: false };
  const { at, open } = walk(text, '#!', false);
  return { at: at === -1 ? text.length : at, openQuote: open };
}

/** The index of the first `{` or `}` that counts, or -1. A backslash does not escape it. */
export const braceAt = (text: string): number => (/[{}]/.test(text) ? walk(text, '{}', true).at : -1);

/** Indexes of `\#` and `\!` outside double quotes, whose backslash is removed. */
function escapedSigns(text: string): readonly number[] {
  const found: number[] = [];
  if (!text.includes('\\#') && !text.includes('\\!')) return found;
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '"') quoted = !quoted;
    if (text[at] !== '\\') continue;
    if (!quoted && (text[at + 1] === '#' || text[at + 1] === '!')) found.push(at);
    at++;
  }
  return found;
}

/** Removes the backslashes that escaped `#` and `!`. */
export function unescaped(line: Text): Text {
  const signs = escapedSigns(line.text);
  if (signs.length === 0) return line;
  const parts: Part[] = [];
  let from = 0;
  for (const at of signs) {
    parts.push({ from, to: at });
    from = at + 1;
  }
  return compose(line, [...parts, { from, to: line.text.length }]);
}
