// Characters of HTTP/1.1 heads, which are taken as latin1: a character is a byte.
import { type HttpRefusal, Refusals } from './refusal.js';

/** tchar of RFC 9110 §5.6.2 by code: 1, of `_` 3, of others 0. Of 16 bits, so that no look-up is out of bounds. */
export const TOKEN_CLASS: Uint8Array = (() => {
  const classes = new Uint8Array(1 << 16);
  for (const char of "!#$%&'*+-.^`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") classes[char.charCodeAt(0)] = 1;
  classes['_'.charCodeAt(0)] = 3;
  return classes;
})();

/** Lines of what a head may have. It is asked first: one walk without looking around costs a fourth of a search for what is forbidden. */
const LINES = /^(?:[\t\x20-\x7e\x80-\xff]*\r\n)*$/;
/** What no head may have: controls but HTAB, CR without LF, LF without CR. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const FORBIDDEN = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f]|\r(?!\n)|(?<!\r)\n/;

/** Why lines, each with its CRLF, are refused for their characters; undefined: they are not. */
export function forbiddenIn(text: string): HttpRefusal | undefined {
  if (LINES.test(text)) return undefined;
  const found = FORBIDDEN.exec(text);
  if (found === null) return undefined;
  if (found[0] === '\n') return Refusals.bareLineFeed;
  return found[0] === '\r' ? Refusals.bareCarriageReturn : Refusals.control;
}

export function isToken(text: string): boolean {
  for (let at = 0; at < text.length; at++) if (TOKEN_CLASS[text.charCodeAt(at)] === 0) return false;
  return text.length > 0;
}

const SPACE = 32;
const TAB = 9;
const isSpace = (code: number): boolean => code === SPACE || code === TAB;

/** text[from, to) without the optional white space around it: SP and HTAB, nothing else (RFC 9110 §5.6.3). */
export function trimmed(text: string, from: number, to: number): string {
  let start = from;
  let end = to;
  while (start < end && isSpace(text.charCodeAt(start))) start++;
  while (end > start && isSpace(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

/** The members of a comma-separated list, in lower case, without empty ones (RFC 9110 §5.6.1). */
export function listOf(value: string): readonly string[] {
  if (!value.includes(',')) return value === '' ? [] : [value.toLowerCase()];
  return value
    .toLowerCase()
    .split(',')
    .map((one) => trimmed(one, 0, one.length))
    .filter((one) => one !== '');
}
