// IP addresses as numbers: one 32-bit word for IPv4, four for IPv6, host order, most significant first.

export type Family = 'inet' | 'inet6';

/** An IP address. `words` has 1 (inet) or 4 (inet6) unsigned 32-bit numbers. */
export interface Address {
  readonly family: Family;
  readonly words: readonly number[];
}

/** 127.0.0.0/8 and ::1. */
export const isLoopbackAddress = ({ family, words }: Address): boolean =>
  family === 'inet' ? (words[0] ?? 0) >>> 24 === 127 : words.slice(0, 3).every((word) => word === 0) && words[3] === 1;

/** 0.0.0.0 and ::. */
export const isUnspecified = ({ words }: Pick<Address, 'words'>): boolean => words.every((word) => word === 0);

/** ::ffff:a.b.c.d (RFC 4291 §2.5.5.2). */
export const isIpv4Mapped = ({ family, words: [first, second, third] }: Address): boolean =>
  family === 'inet6' && first === 0 && second === 0 && third === 0xffff;

/** fe80::/10 (RFC 4291 §2.5.6). */
export const isLinkLocal = ({ family, words }: Address): boolean => family === 'inet6' && (words[0] ?? 0) >>> 22 === 0xfe80 >>> 6;

/** 224.0.0.0/4 and ff00::/8. */
export const isMulticast = ({ family, words: [first = 0] }: Address): boolean =>
  family === 'inet' ? first >>> 28 === 0xe : first >>> 24 === 0xff;
