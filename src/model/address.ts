// IP addresses as numbers: one 32-bit word for IPv4, four for IPv6, host order, most significant first.

export type Family = 'inet' | 'inet6';

/** An IP address. `words` has 1 (inet) or 4 (inet6) unsigned 32-bit numbers. */
export interface Address {
  readonly family: Family;
  readonly words: readonly number[];
}

/** fe80::/10 (RFC 4291 §2.5.6). */
export const isLinkLocal = ({ family, words }: Address): boolean => family === 'inet6' && (words[0] ?? 0) >>> 22 === 0xfe80 >>> 6;
