// CRC32c (Castagnoli), as SCTP has it of its packets and PROXY's version 2 of its header.

/** Reversed: bit 31 is x^0. */
const POLYNOMIAL = 0x82f63b78;

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let rest = byte;
  for (let bit = 0; bit < 8; bit++) rest = (rest >>> 1) ^ (rest & 1 ? POLYNOMIAL : 0);
  return rest;
});

/** CRC32c (RFC 9260, appendix A) of all bytes; 32 bits, unsigned. */
export function crc32c(bytes: Uint8Array): number {
  let rest = 0xffffffff;
  for (const byte of bytes) rest = (rest >>> 8) ^ (TABLE[(rest ^ byte) & 0xff] ?? 0);
  return ~rest >>> 0;
}

/** The same where the checksum is among the bytes, in [at, at + 4): it counts as 0. */
export function crc32cAround(bytes: Uint8Array, at: number): number {
  const copy = Uint8Array.from(bytes); // slice of a Buffer would not copy
  copy.fill(0, at, at + 4);
  return crc32c(copy);
}
