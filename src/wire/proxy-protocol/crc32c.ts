// CRC-32C (Castagnoli, RFC 3720 §B.4), as PROXY's version 2 has it over its whole header.

const POLYNOMIAL = 0x82f63b78;

const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ POLYNOMIAL : value >>> 1;
  return value;
});

/** Of all bytes, those in [zeroFrom, zeroFrom + 4) taken as 0. */
export function crc32c(bytes: Uint8Array, zeroFrom: number): number {
  let crc = 0xffffffff;
  for (let at = 0; at < bytes.length; at++) {
    const byte = at >= zeroFrom && at < zeroFrom + 4 ? 0 : bytes[at]!;
    crc = (crc >>> 8) ^ table[(crc ^ byte) & 0xff]!;
  }
  return ~crc >>> 0;
}
