// A certificate that an Ed25519 key signs for itself (RFC 5280, RFC 8410), as bytes: TLS asks for one, though nothing of it counts but its key.

/** ASN.1 tags. */
const Tag = {
  integer: 0x02,
  bits: 0x03,
  oid: 0x06,
  utf8: 0x0c,
  utc: 0x17,
  generalized: 0x18,
  sequence: 0x30,
  set: 0x31,
  version: 0xa0,
} as const;

function der(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const content = Buffer.concat(parts);
  const { length } = content;
  const head = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Uint8Array.of(tag, ...head), content]);
}
const text = (tag: number, value: string): Uint8Array => der(tag, Buffer.from(value, 'ascii'));
/** Bits that are whole bytes. */
const bits = (value: Uint8Array): Uint8Array => der(Tag.bits, Uint8Array.of(0), value);

/** 1.3.101.112 */
const ED25519 = der(Tag.sequence, der(Tag.oid, Uint8Array.of(0x2b, 0x65, 0x70)));
/** 2.5.4.3 */
const COMMON_NAME = der(Tag.oid, Uint8Array.of(0x55, 0x04, 0x03));
const NAME = der(Tag.sequence, der(Tag.set, der(Tag.sequence, COMMON_NAME, text(Tag.utf8, 'weir'))));
/** A pinned key counts until its pin is taken away. */
const VALIDITY = der(Tag.sequence, text(Tag.utc, '700101000000Z'), text(Tag.generalized, '99991231235959Z'));

/** `key`: the public one, 32 bytes. `sign`: 64 bytes over a message, by the private one. In DER. */
export function selfSigned(key: Uint8Array, sign: (message: Uint8Array) => Uint8Array): Uint8Array {
  const version3 = der(Tag.version, der(Tag.integer, Uint8Array.of(2)));
  const serial = der(Tag.integer, Uint8Array.of(1));
  const keyInfo = der(Tag.sequence, ED25519, bits(key));
  const body = der(Tag.sequence, version3, serial, ED25519, NAME, VALIDITY, NAME, keyInfo);
  return der(Tag.sequence, body, ED25519, bits(sign(body)));
}
