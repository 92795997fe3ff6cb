// Address text: what inet_aton, inet_pton and inet_ntop read and write, as every command line and config of IPVS has it.
import type { Address } from './address.js';

const HEX_GROUP = /^[0-9a-fA-F]{1,4}$/;

/** One part of inet_aton's text: decimal, 0-octal or 0x-hexadecimal, below 2^32. */
function atonPart(text: string): number | undefined {
  const hex = /^0[xX]([0-9a-fA-F]+)$/.exec(text);
  const octal = /^0([0-7]*)$/.exec(text);
  let value: number;
  if (hex?.[1] !== undefined) value = Number.parseInt(hex[1], 16);
  else if (octal?.[1] !== undefined) value = octal[1] === '' ? 0 : Number.parseInt(octal[1], 8);
  else if (/^[1-9][0-9]*$/.test(text)) value = Number.parseInt(text, 10);
  else return undefined;
  return value <= 0xffffffff ? value : undefined;
}

/**
 * IPv4 by inet_aton's rules: one to four parts, the last filling what is left (`10.1` is 10.0.0.1), `010` octal, `0x` hex.
 * Text behind a blank is not read, as in glibc.
 */
export function parseIpv4Loose(text: string): Address | undefined {
  const parts = (/^[^ \t\n\v\f\r]*/.exec(text)?.[0] ?? '').split('.');
  if (parts.length > 4) return undefined;
  let value = 0;
  for (const [index, part] of parts.entries()) {
    const number = atonPart(part);
    if (number === undefined) return undefined;
    const last = index === parts.length - 1;
    if (number >= (last ? 2 ** (8 * (4 - index)) : 256)) return undefined;
    value += last ? number : number * 2 ** (8 * (3 - index));
  }
  return { family: 'inet', words: [value] };
}

/** IPv4 as inet_pton has it: four decimal numbers of at most three digits, no leading zero. */
export function parseIpv4(text: string): Address | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  if (match === null) return undefined;
  let value = 0;
  for (const part of match.slice(1)) {
    if (Number(part) > 255 || (part.length > 1 && part.startsWith('0'))) return undefined;
    value = value * 256 + Number(part);
  }
  return { family: 'inet', words: [value] };
}

/** The 16-bit groups of one side of a `::`; a dotted IPv4 tail counts as two where it may stand. */
function groupsOf(text: string, tail: boolean): number[] | undefined {
  if (text === '') return [];
  const groups: number[] = [];
  const parts = text.split(':');
  for (const [index, part] of parts.entries()) {
    if (HEX_GROUP.test(part)) {
      groups.push(Number.parseInt(part, 16));
      continue;
    }
    const dotted = tail && index === parts.length - 1 ? parseIpv4(part)?.words[0] : undefined;
    if (dotted === undefined) return undefined;
    groups.push(dotted >>> 16, dotted & 0xffff);
  }
  return groups;
}

/** IPv6 as inet_pton has it; no scope. */
export function parseIpv6(text: string): Address | undefined {
  const sides = text.split('::');
  if (sides.length > 2) return undefined;
  const compressed = sides.length === 2;
  const head = groupsOf(sides[0] ?? '', !compressed);
  const tail = compressed ? groupsOf(sides[1] ?? '', true) : [];
  if (head === undefined || tail === undefined) return undefined;
  const missing = 8 - head.length - tail.length;
  if (compressed ? missing < 1 : missing !== 0) return undefined;
  const groups = [...head, ...new Array<number>(missing).fill(0), ...tail];
  const words = [0, 2, 4, 6].map((at) => (groups[at] ?? 0) * 0x10000 + (groups[at + 1] ?? 0));
  return { family: 'inet6', words };
}

/** An address of either family, strictly read. */
export function parseAddress(text: string): Address | undefined {
  return text.includes(':') ? parseIpv6(text) : parseIpv4(text);
}

/** A 32-bit number as a.b.c.d: an IPv4 address or mask. */
export function formatIpv4(value: number): string {
  return `${value >>> 24}.${(value >>> 16) & 255}.${(value >>> 8) & 255}.${value & 255}`;
}

/** The eight 16-bit groups of an IPv6 address. */
export function ipv6Groups(address: Address): number[] {
  return address.words.flatMap((word) => [word >>> 16, word & 0xffff]);
}

/** Start and length of the longest run of two or more zero groups, the first of equals. */
function longestZeroRun(groups: readonly number[]): { start: number; length: number } {
  let best = { start: -1, length: 1 };
  for (let start = 0; start < groups.length; start++) {
    let length = 0;
    while (start + length < groups.length && groups[start + length] === 0) length++;
    if (length > best.length) best = { start, length };
  }
  return best;
}

function formatIpv6(address: Address): string {
  const groups = ipv6Groups(address);
  const run = longestZeroRun(groups);
  // glibc writes ::a.b.c.d and ::ffff:a.b.c.d with dots (inet_ntop), RFC 5952 §5 only the second.
  const dotted = run.start === 0 && (run.length === 6 || (run.length === 5 && groups[5] === 0xffff));
  const hex = (part: readonly number[]): string => part.map((group) => group.toString(16)).join(':');
  const end = dotted ? 6 : 8;
  const last = dotted ? formatIpv4(address.words[3] ?? 0) : '';
  if (run.start < 0) return hex(groups);
  const before = hex(groups.slice(0, run.start));
  const after = [hex(groups.slice(run.start + run.length, end)), last].filter((part) => part !== '').join(':');
  return `${before}::${after}`;
}

/** The shortest text, as inet_ntop writes it: `10.0.0.1`, `2001:db8::1`, `::ffff:10.0.0.1`. */
export function formatAddress(address: Address): string {
  return address.family === 'inet' ? formatIpv4(address.words[0] ?? 0) : formatIpv6(address);
}

/** What hosts send to ask for the MAC of this address, for messages. */
export const askedBy = ({ family }: Address): string => (family === 'inet' ? 'ARP' : 'neighbour solicitations');
