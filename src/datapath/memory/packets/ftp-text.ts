// Reads the lines of a control connection of FTP that name a data connection (RFC 959, RFC 2428):
//
//   client   PASV CRLF | EPSV [SP 1] CR | PORT SP h,h,h,h,p,p | EPRT SP d 1 d address d port d
//   server   227 … h,h,h,h,p,p          | 229 …(d [1] d [address] d port d
//
// Over IPv6 those with h,h,h,h,p,p do not count. Of a segment the first such line counts, and of segments those of up to 256 bytes.

import type { Family } from '../../../model/address.js';

export type FtpLine = 'pasv' | 'epsv' | 'port' | 'eprt';

/** A line: where it begins. */
export interface FoundLine {
  readonly line: FtpLine;
  readonly begins: number;
}

/** The endpoint in a line: its text is from `from` to before `ends`. `address`: undefined where the reply to EPSV has none, and of IPv6, which is not read. */
export interface FtpEndpoint {
  readonly from: number;
  readonly ends: number;
  readonly address: number | undefined;
  /** It has neither family nor address. */
  readonly bare: boolean;
  readonly port: number;
}

export const FTP_TEXT_BYTES = 256;
const VERB_LENGTH = 4;
const CLIENT_LINES: readonly (readonly [FtpLine, RegExp])[] = [
  ['pasv', /^pasv\r\n/i],
  ['epsv', /^epsv\r/i],
  ['port', /^port /i],
  ['eprt', /^eprt /i],
];
const SERVER_LINES: readonly (readonly [FtpLine, RegExp])[] = [
  ['pasv', /^227 /],
  ['epsv', /^229 /],
];

/** RFC 2428. */
const NUMBERS: Readonly<Record<Family, string>> = { inet: '1', inet6: '2' };
const OF_IPV4_ALONE: ReadonlySet<FtpLine> = new Set(['pasv', 'port']);

function linesOf(family: Family, out: boolean): readonly (readonly [FtpLine, RegExp])[] {
  const asked = ['epsv', new RegExp(`^epsv ${NUMBERS[family]}\\r`, 'i')] as const;
  return [...(out ? SERVER_LINES : [...CLIENT_LINES, asked])].filter(([line]) => family === 'inet' || !OF_IPV4_ALONE.has(line));
}

/**
 * The first line of a segment that counts. `out`: it is the server's. `begun`: it begins in the middle of a line. Latin-1, so that a character is a
 * byte.
 */
export function findLine(text: string, family: Family, out: boolean, begun = false): FoundLine | undefined {
  const lines = linesOf(family, out);
  for (let begins = 0; begins < text.length; begins++) {
    if (begins > 0 ? text[begins - 1] !== '\n' : begun) continue;
    const rest = text.slice(begins);
    const found = lines.find(([, pattern]) => pattern.test(rest));
    if (found !== undefined) return { line: found[0], begins };
  }
  return undefined;
}

const NUMBER = /^\d{1,5}$/;

/** A number up to `max`; NaN: it is none. */
function numberOf(text: string, max: number): number {
  const value = NUMBER.test(text) ? Number(text) : Number.NaN;
  return value <= max ? value : Number.NaN;
}

const addressOf = (octets: readonly number[]): number => octets.reduce((sum, octet) => sum * 256 + octet, 0);

/** h,h,h,h,p,p: ends before the first other character, which must be there. */
function plainEndpoint(text: string, from: number): FtpEndpoint | undefined {
  const [match, ...fields] = /^(\d+),(\d+),(\d+),(\d+),(\d+),(\d+)(?=[^\d])/s.exec(text.slice(from)) ?? [];
  const numbers = fields.map((field) => numberOf(field, 255));
  if (match === undefined || numbers.some(Number.isNaN)) return undefined;
  const port = (numbers[4] ?? 0) * 256 + (numbers[5] ?? 0);
  return port === 0 ? undefined : { from, ends: from + match.length, address: addressOf(numbers.slice(0, 4)), bare: false, port };
}

const isDelimiter = (character: string | undefined): character is string => character !== undefined && /^[!-/:-~]$/.test(character);

/** d family d address d port d */
function extendedEndpoint(text: string, from: number, kind: Family, out: boolean): FtpEndpoint | undefined {
  const delimiter = text[from];
  if (!isDelimiter(delimiter)) return undefined;
  const [family = '', address = '', port = '', rest] = text.slice(from + 1).split(delimiter, 4);
  if (rest === undefined) return undefined;
  const octets = address.split('.').map((octet) => numberOf(octet, 255));
  const bare = family === '' && address === '' && out;
  const isFour = kind === 'inet';
  const whole = numberOf(family, 9) === Number(NUMBERS[kind]) && (!isFour || (octets.length === 4 && !octets.some(Number.isNaN)));
  const number = numberOf(port, 65_535);
  if (!(bare || whole) || !(number > 0)) return undefined;
  const ends = from + [delimiter, family, delimiter, address, delimiter, port, delimiter].join('').length;
  return { from, ends, address: bare || !isFour ? undefined : addressOf(octets), bare, port: number };
}

/** The endpoint in a line that was found. undefined: it has none. */
export function endpointIn(text: string, { line, begins }: FoundLine, family: Family, out: boolean): FtpEndpoint | undefined {
  const at = begins + VERB_LENGTH;
  const end = text.indexOf('\n', at);
  const extended = line === 'epsv' || line === 'eprt';
  // The first character of the endpoint; a line that ends before it has none.
  const skipped = (out ? (extended ? /[^(\n]*\(/ : /[^\d\n]*/) : / */).exec(text.slice(at));
  const from = at + (skipped?.[0].length ?? 0);
  if (skipped === null || skipped.index !== 0 || from >= text.length || (end >= 0 && from >= end)) return undefined;
  return extended ? extendedEndpoint(text, from, family, out) : plainEndpoint(text, from);
}
