// Messages of connection synchronisation, written field by field without the codec, so that any field may be wrong.
import { concat, viewOf } from '../../src/wire/bytes.js';

export interface RawEntry {
  readonly type?: number;
  readonly protocol?: number;
  /** The upper four bits of the field of the size. */
  readonly version?: number;
  /** Of the entry as it states it; else its true one. */
  readonly size?: number;
  readonly flags?: number;
  readonly state?: number;
  readonly port?: number;
  readonly mark?: number;
  readonly timeout?: number;
  /** Client, virtual and destination address. */
  readonly addresses?: readonly (readonly number[])[];
  /** Version 0: behind the entry. */
  readonly options?: readonly Uint8Array[];
}

const TCP = 6;
const IPV4 = [[0x0a000114], [0x0a000164], [0x0a00020b]] as const;
const IPV6 = [
  [0x20010db8, 1, 0, 0x12],
  [0x20010db8, 1, 0, 0x100],
  [0x20010db8, 2, 0, 0x11],
] as const;

/** Big-endian; `widths`: bytes of each value. */
function packed(values: readonly (readonly [value: number, width: 1 | 2 | 4])[]): Uint8Array {
  const out = new Uint8Array(values.reduce((sum, [, width]) => sum + width, 0));
  const view = viewOf(out);
  let at = 0;
  for (const [value, width] of values) {
    if (width === 1) view.setUint8(at, value);
    else if (width === 2) view.setUint16(at, value);
    else view.setUint32(at, value);
    at += width;
  }
  return out;
}

const words = (addresses: readonly (readonly number[])[]) => addresses.flat().map((word) => [word, 4] as const);

export const rawOption = (type: number, data: Uint8Array | string): Uint8Array => {
  const bytes = typeof data === 'string' ? Buffer.from(data, 'latin1') : data;
  return Uint8Array.of(type, bytes.length, ...bytes);
};

/** initial, delta and previous delta of both sides, as the option of version 1 has them. */
export const rawSequence = (...numbers: readonly number[]): Uint8Array => packed(numbers.map((number) => [number, 4]));

/** An established TCP connection by NAT from `port`, unless stated otherwise. */
export function rawEntry(entry: RawEntry = {}): Uint8Array {
  const { type = 0, protocol = TCP, version = 0, flags = 0, state = 1, port = 30_000, mark = 0, timeout = 900, options = [] } = entry;
  const addresses = entry.addresses ?? (type & 1 ? IPV6 : IPV4);
  const tail = concat(packed(words(addresses)), ...options);
  const size = entry.size ?? 24 + tail.length;
  const head = packed([
    [type, 1],
    [protocol, 1],
    [(version << 12) | size, 2],
    [flags, 4],
    [state, 2],
    [port, 2],
    [80, 2],
    [8080, 2],
    [mark, 4],
    [timeout, 4],
  ]);
  return concat(head, tail);
}

/** The same in version 0. */
export function rawOldEntry(entry: RawEntry = {}): Uint8Array {
  const { protocol = TCP, flags = 0, state = 1, port = 30_000, addresses = IPV4, options = [] } = entry;
  const head = packed([[0, 1], [protocol, 1], [port, 2], [80, 2], [8080, 2], ...words(addresses), [flags, 2], [state, 2]]);
  return concat(head, ...options);
}

export interface RawHeader {
  readonly syncId?: number;
  /** Differences from the true numbers. */
  readonly sizeError?: number;
  readonly countError?: number;
  /** Bytes 5, 6 and 7 of version 1. */
  readonly version?: readonly [number, number, number];
  /** Byte 0 of version 1. */
  readonly first?: number;
  /** Behind the last entry. */
  readonly trailer?: Uint8Array;
}

export function rawMessage(entries: readonly Uint8Array[], header: RawHeader = {}): Uint8Array {
  const { syncId = 5, sizeError = 0, countError = 0, version = [1, 0, 0], first = 0, trailer = new Uint8Array() } = header;
  const padded = entries.map((entry, index) => (index === entries.length - 1 ? entry : concat(entry, new Uint8Array(-entry.length & 3))));
  const body = concat(...padded, trailer);
  const size = 8 + body.length + sizeError;
  return concat(Uint8Array.of(first, syncId, size >> 8, size, entries.length + countError, ...version), body);
}

export function rawOldMessage(entries: readonly Uint8Array[], header: RawHeader = {}): Uint8Array {
  const { syncId = 5, sizeError = 0, countError = 0, trailer = new Uint8Array() } = header;
  const body = concat(...entries, trailer);
  const size = 4 + body.length + sizeError;
  return concat(Uint8Array.of(entries.length + countError, syncId, size >> 8, size), body);
}
