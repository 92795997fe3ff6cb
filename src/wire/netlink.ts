// Netlink messages and attributes (man 7 netlink), all in the host's byte order.
//
//      0               1               2               3
//     +---------------------------------------------------------------+
//     |               length, header included, pad excluded           |
//     +-------------------------------+-------------------------------+
//     |             type              |             flags             |
//     +-------------------------------+-------------------------------+
//     |                           sequence                            |
//     |                   port (0: the kernel's)                      |
//     |          payload: a fixed header, then attributes …           |
//     +---------------------------------------------------------------+
//     attribute, padded to 4 bytes:
//     +-------------------------------+-+-+---------------------------+
//     |    length, these 4 included   |N|B|           type            |
//     +-------------------------------+-+-+---------------------------+
import { concat, hostIsLittleEndian as little, viewOf } from './bytes.js';

export const NetlinkFlag = {
  request: 1,
  multi: 2,
  ack: 4,
  dumpInterrupted: 0x10,
  dump: 0x300,
  replace: 0x100,
  exclusive: 0x200,
  create: 0x400,
  append: 0x800,
} as const;
export const NetlinkType = { noop: 1, error: 2, done: 3, overrun: 4 } as const;

export interface NetlinkMessage {
  readonly type: number;
  readonly flags: number;
  readonly sequence: number;
  readonly port: number;
  readonly payload: Uint8Array;
}

/** A request to the kernel; the transport adds the sequence number. */
export interface NetlinkRequest {
  readonly type: number;
  readonly flags: number;
  readonly payload: Uint8Array;
}

export interface Attribute {
  /** Without the two high bits (nested, network byte order). */
  readonly type: number;
  readonly payload: Uint8Array;
}

const align = (length: number) => (length + 3) & ~3;

export function encodeMessage(message: NetlinkMessage): Uint8Array {
  const length = 16 + message.payload.length;
  const out = new Uint8Array(align(length));
  const view = viewOf(out);
  view.setUint32(0, length, little);
  view.setUint16(4, message.type, little);
  view.setUint16(6, message.flags, little);
  view.setUint32(8, message.sequence, little);
  view.setUint32(12, message.port, little);
  out.set(message.payload, 16);
  return out;
}

/** All messages of one datagram, or undefined when a length does not fit. */
export function decodeMessages(bytes: Uint8Array): readonly NetlinkMessage[] | undefined {
  const view = viewOf(bytes);
  const messages: NetlinkMessage[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = at + 16 <= bytes.length ? view.getUint32(at, little) : 0;
    if (length < 16 || at + length > bytes.length) return undefined;
    messages.push({
      type: view.getUint16(at + 4, little),
      flags: view.getUint16(at + 6, little),
      sequence: view.getUint32(at + 8, little),
      port: view.getUint32(at + 12, little),
      payload: bytes.slice(at + 16, at + length),
    });
    at += align(length);
  }
  return messages;
}

/** @throws RangeError for a payload that a 16-bit length cannot hold */
export function encodeAttributes(attributes: readonly Attribute[]): Uint8Array {
  return concat(
    ...attributes.map(({ type, payload }) => {
      if (payload.length + 4 > 0xffff) throw new RangeError(`a netlink attribute of ${payload.length} bytes`);
      const out = new Uint8Array(align(payload.length + 4));
      viewOf(out).setUint16(0, payload.length + 4, little);
      viewOf(out).setUint16(2, type, little);
      out.set(payload, 4);
      return out;
    }),
  );
}

/** The attributes in order, or undefined when a length does not fit. Fewer than 4 bytes at the end are padding. */
export function decodeAttributes(bytes: Uint8Array): readonly Attribute[] | undefined {
  const view = viewOf(bytes);
  const attributes: Attribute[] = [];
  for (let at = 0; at + 4 <= bytes.length; ) {
    const length = view.getUint16(at, little);
    if (length < 4 || at + length > bytes.length) return undefined;
    attributes.push({ type: view.getUint16(at + 2, little) & 0x3fff, payload: bytes.slice(at + 4, at + length) });
    at += align(length);
  }
  return attributes;
}

/** `NLA_F_NESTED`, which strict kernels require on attributes that hold attributes. */
export function nested(type: number, attributes: readonly Attribute[]): Attribute {
  return { type: type | 0x8000, payload: encodeAttributes(attributes) };
}

export function u32Attribute(type: number, value: number): Attribute {
  const payload = new Uint8Array(4);
  viewOf(payload).setUint32(0, value, little);
  return { type, payload };
}

/** Text with the ending zero byte that the kernel requires. */
export function textAttribute(type: number, text: string): Attribute {
  return { type, payload: new TextEncoder().encode(`${text}\0`) };
}

/** Attributes by type; of several with the same type the last one is used, as in the kernel. */
export type AttributeMap = ReadonlyMap<number, Uint8Array>;

export function attributeMap(bytes: Uint8Array): AttributeMap | undefined {
  const attributes = decodeAttributes(bytes);
  return attributes && new Map(attributes.map(({ type, payload }) => [type, payload]));
}

/** The 32-bit number of an attribute's payload; undefined when absent or of another size. */
export function u32Of(payload: Uint8Array | undefined): number | undefined {
  return payload?.length === 4 ? viewOf(payload).getUint32(0, little) : undefined;
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** UTF-8, as in command lines, files and paths; where it is not valid, each byte is a character. */
function decodeText(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return String.fromCharCode(...bytes);
  }
}

/** The text of an attribute's payload, without its final zero byte. */
export function textOf(payload: Uint8Array | undefined): string | undefined {
  if (payload === undefined) return undefined;
  const end = payload.indexOf(0);
  return decodeText(end < 0 ? payload : payload.subarray(0, end));
}

/** An error message: `errno` 0 is an acknowledgement; `text`: the kernel's explanation, if it has one. */
export interface NetlinkError {
  readonly errno: number;
  readonly text?: string;
}

const EXTENDED_ACK_MESSAGE = 1;
const FLAG_CAPPED = 0x100;
const FLAG_EXTENDED = 0x200;

/** Reads an error or done message's payload: -errno, then (error only) the request's header and extended attributes. */
export function decodeError(message: NetlinkMessage): NetlinkError | undefined {
  if (message.payload.length < 4) return undefined;
  const view = viewOf(message.payload);
  const errno = -view.getInt32(0, little);
  if (message.type !== NetlinkType.error || (message.flags & FLAG_EXTENDED) === 0 || message.payload.length < 20) return { errno };
  const echoed = (message.flags & FLAG_CAPPED) !== 0 ? 16 : align(view.getUint32(4, little));
  const text = textOf(attributeMap(message.payload.subarray(4 + echoed))?.get(EXTENDED_ACK_MESSAGE));
  return text === undefined ? { errno } : { errno, text };
}
