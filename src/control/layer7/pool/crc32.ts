// CRC-32 of ISO 3309, as nginx's hashes use it.

const TABLE = new Int32Array(256).map((_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = (value & 1) === 0 ? value >>> 1 : (value >>> 1) ^ 0xedb88320;
  return value;
});

export const CRC32_START = -1;

export const crc32Byte = (crc: number, byte: number): number => (TABLE[(crc ^ byte) & 255] as number) ^ (crc >>> 8);

/** Of a text whose characters are bytes. */
export function crc32OfText(crc: number, text: string): number {
  let value = crc;
  for (let at = 0; at < text.length; at++) value = (TABLE[(value ^ text.charCodeAt(at)) & 255] as number) ^ (value >>> 8);
  return value;
}

export const crc32End = (crc: number): number => ~crc >>> 0;
