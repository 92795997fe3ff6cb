// Reports characters that only look like syntax (typographic quotes, blanks and braces from web pages and word processors), and comments
// that begin inside a password.
import type { Report } from '../diagnostics/report.js';
import { originAt, type Text } from './text.js';

/** Distance of the full-width forms from the ASCII characters. */
const FULL_WIDTH = 0xfee0;

/** For each confusable character: the character that was meant. */
const MEANT: ReadonlyMap<string, string> = new Map([
  ...[...'“”„‟«»＂″'].map((sign) => [sign, 'a double quote'] as const),
  ...[...'‘’‚‛＇′'].map((sign) => [sign, 'a single quote'] as const),
  ...[...'\u00a0\u2002\u2003\u2007\u2009\u202f\u3000'].map((sign) => [sign, 'a blank'] as const),
  ...[...'\u200b\u200c\u200d\u2060\ufeff'].map((sign) => [sign, 'nothing'] as const),
  ...[...'‐‑‒–—−－'].map((sign) => [sign, 'a hyphen'] as const),
  ...[...'｛｝（）！＃／．＿＄'].map((sign) => [sign, `'${String.fromCodePoint((sign.codePointAt(0) ?? 0) - FULL_WIDTH)}'`] as const),
]);
const ANY = new RegExp(`[${[...MEANT.keys()].join('')}]`, 'u');

const codeOf = (sign: string): string => `U+${(sign.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;

/** Reports the first one of a line, outside double quotes; `end`: where the comment begins. */
export function reportConfusables(line: Text, end: number, report: Report): void {
  const text = line.text.slice(0, end);
  if (!ANY.test(text)) return;
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const sign = text[at]!;
    if (sign === '"') quoted = !quoted;
    const meant = quoted ? undefined : MEANT.get(sign);
    if (meant === undefined) continue;
    const shown = /\s|[\u200b-\u200d\u2060\ufeff]/u.test(sign) ? codeOf(sign) : `'${sign}' (${codeOf(sign)})`;
    report('character-look-alike', originAt(line, at), { shown, remedy: meant === 'nothing' ? 'remove it' : `write ${meant}` });
    return;
  }
}

/** `auth_pass abc#1`: the comment cuts the password. It works if both nodes have it, but the password is shorter than it looks. */
export function reportCutPassword(line: Text, comment: number, report: Report): void {
  if (comment === line.text.length) return;
  const match = /^\s*auth_pass\s+(\S*)$/.exec(line.text.slice(0, comment));
  const sign = line.text[comment]!;
  if (match === null || (match[1] === '' && !/^.[^\s#!]/.test(line.text.slice(comment)))) return;
  report('password-cut-by-comment', originAt(line, comment), { sign });
}
