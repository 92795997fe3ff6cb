// Small helpers that every codec shares: joining byte runs, views with the right bounds, and byte orders.

/** A DataView over exactly these bytes (a Uint8Array may be a window on a bigger buffer). */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** Netlink and sockaddrs use the host's byte order; packets are big-endian. */
export const hostIsLittleEndian: boolean = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/** A 16-bit number in the host's order. */
export function hostOrder16(value: number): Uint8Array {
  const bytes = new Uint8Array(2);
  viewOf(bytes).setUint16(0, value, hostIsLittleEndian);
  return bytes;
}

/** A 32-bit number in network order. */
export function bigEndian32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  viewOf(bytes).setUint32(0, value);
  return bytes;
}

/** A 32-bit number between host order and the order of a packet (this code runs on little-endian machines only). */
export function swap32(value: number): number {
  return ((value >>> 24) | ((value >>> 8) & 0xff00) | ((value << 8) & 0xff0000) | (value << 24)) >>> 0;
}

export function swap16(value: number): number {
  return ((value >>> 8) | (value << 8)) & 0xffff;
}

/** Of a text with one byte a letter (latin1). */
export const bytesOfText = (text: string): Uint8Array => Uint8Array.from(text, (letter) => letter.charCodeAt(0));
