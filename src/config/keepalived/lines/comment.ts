// Comments, and braces that are not inside quotes: the two things that end a piece of a line before its end.

import { compose, type Part, type Text } from './text.js';

/** `${NAME}` and `${NAME words}`: a parameter that is not defined. Its braces open and close nothing (keepalived takes them for a block's). */
const reference = /\$\{[A-Za-z_]\w*(?: [^{}"]*)?\}/y;

/** What a walk over the text outside of quotes found. */
interface Walk {
  /** Where the first character of interest stands; -1: nowhere. */
  readonly at: number;
  /** A double quote never closes. */
  readonly open: boolean;
}

/** The first character outside double quotes that `stop` names. A backslash takes the next character's meaning away. */
function walk(text: string, stop: string, references: boolean): Walk {
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const character = text[at]!;
    if (character === '\\' && stop !== '{}') at++;
    else if (character === '\\' && text[at + 1] === '"') at++;
    else if (character === '"') quoted = !quoted;
    else if (quoted) continue;
    else if (references && character === '$') {
      reference.lastIndex = at;
      const found = reference.exec(text);
      if (found !== null) at += found[0].length - 1;
    } else if (stop.includes(character)) return { at, open: false };
  }
  return { at: -1, open: quoted };
}

/** Where the comment begins (`#` or `!` outside double quotes, not behind a backslash), or the length of the text. */
export function commentStart(text: string): { readonly at: number; readonly openQuote: boolean } {
  if (!/[#!"]/.test(text)) return { at: text.length, openQuote: false };
  const { at, open } = walk(text, '#!', false);
  return { at: at === -1 ? text.length : at, openQuote: open };
}

/** The first `{` or `}` that is one, or -1. A backslash does not protect it. */
export const braceAt = (text: string): number => (/[{}]/.test(text) ? walk(text, '{}', true).at : -1);

/** Where `\#` and `\!` stand outside double quotes: the backslash has done its work and goes. */
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

/** Backslashes that kept `#` and `!` from beginning a comment go. */
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
