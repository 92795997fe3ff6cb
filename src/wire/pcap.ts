// Captures of packets: pcap with its four orders, and pcapng. Only IPv4 and IPv6 packets, without their link header.
import { concat, viewOf } from './bytes.js';
import { decodeEthernet, EtherType } from './ethernet.js';

export interface CapturedPacket {
  /** Seconds since the epoch. */
  readonly at: number;
  /** From its IP header on. What the capture cut off is filled with zeros. */
  readonly bytes: Uint8Array;
}

const LINK = { ethernet: 1, rawOld: 12, raw: 101, cooked: 113, rawIpv4: 228, cooked2: 276 } as const;

/** pcap's first word as a number of either order; the seconds' fractions. */
const MAGICS: ReadonlyMap<number, { readonly little: boolean; readonly fraction: number }> = new Map([
  [0xa1b2c3d4, { little: false, fraction: 1e-6 }],
  [0xd4c3b2a1, { little: true, fraction: 1e-6 }],
  [0xa1b23c4d, { little: false, fraction: 1e-9 }],
  [0x4d3cb2a1, { little: true, fraction: 1e-9 }],
]);
const [PCAP_HEADER_BYTES, RECORD_HEADER_BYTES] = [24, 16];
const BLOCK = { section: 0x0a0d0d0a, interface: 1, packet: 6 } as const;
const [ORDER_MAGIC, ORDER_MAGIC_SWAPPED] = [0x1a2b3c4d, 0x4d3c2b1a];
const OPTION_TIME_RESOLUTION = 9;

function ipOf(link: number, frame: Uint8Array): Uint8Array | undefined {
  if (link === LINK.raw || link === LINK.rawOld || link === LINK.rawIpv4) return frame;
  if (link === LINK.cooked) return frame.subarray(16);
  if (link === LINK.cooked2) return frame.subarray(20);
  const ethernet = link === LINK.ethernet ? decodeEthernet(frame) : undefined;
  return ethernet?.etherType === EtherType.ipv4 || ethernet?.etherType === EtherType.ipv6 ? ethernet.payload : undefined;
}

function* captured(link: number, at: number, frame: Uint8Array, original: number): Generator<CapturedPacket> {
  const bytes = ipOf(link, frame);
  const version = (bytes?.[0] ?? 0) >> 4;
  if (bytes === undefined || (version !== 4 && version !== 6)) return;
  yield { at, bytes: concat(bytes, new Uint8Array(Math.max(0, Math.min(original, 0xffff) - frame.length))) };
}

function* readClassic(file: Uint8Array, little: boolean, fraction: number): Generator<CapturedPacket> {
  const view = viewOf(file);
  const link = view.getUint32(20, little) & 0xffff;
  for (let at = PCAP_HEADER_BYTES; at + RECORD_HEADER_BYTES <= file.length; ) {
    const [size, original] = [view.getUint32(at + 8, little), view.getUint32(at + 12, little)];
    const from = at + RECORD_HEADER_BYTES;
    const seconds = view.getUint32(at, little) + view.getUint32(at + 4, little) * fraction;
    if (from + size > file.length) return; // the capture ends in the middle of a packet
    yield* captured(link, seconds, file.subarray(from, from + size), original);
    at = from + size;
  }
}

/** Seconds in a unit of an interface's times: microseconds unless an option sets it. */
function unitOf(block: Uint8Array, little: boolean): number {
  const view = viewOf(block);
  for (let at = 16; at + 4 <= block.length - 4; ) {
    const [code, size] = [view.getUint16(at, little), view.getUint16(at + 2, little)];
    const value = block[at + 4] ?? 6;
    if (code === OPTION_TIME_RESOLUTION) return value & 0x80 ? 2 ** -(value & 0x7f) : 10 ** -value;
    if (code === 0) break;
    at += 4 + Math.ceil(size / 4) * 4;
  }
  return 1e-6;
}

function* readNextGeneration(file: Uint8Array): Generator<CapturedPacket> {
  const view = viewOf(file);
  let little = false;
  let interfaces: { readonly link: number; readonly unit: number }[] = [];
  for (let at = 0; at + 12 <= file.length; ) {
    const isSection = view.getUint32(at) === BLOCK.section;
    if (isSection) {
      little = view.getUint32(at + 8) === ORDER_MAGIC_SWAPPED;
      interfaces = [];
    }
    const [type, size] = [view.getUint32(at, little), view.getUint32(at + 4, little)];
    if (size < 12 || at + size > file.length) return;
    const block = file.subarray(at, at + size);
    if (type === BLOCK.interface) interfaces.push({ link: view.getUint16(at + 8, little), unit: unitOf(block, little) });
    const by = type === BLOCK.packet && size >= 32 ? interfaces[view.getUint32(at + 8, little)] : undefined;
    if (by !== undefined) {
      const [high, low, length, original] = [12, 16, 20, 24].map((offset) => view.getUint32(at + offset, little)) as [
        number,
        number,
        number,
        number,
      ];
      yield* captured(by.link, (high * 2 ** 32 + low) * by.unit, block.subarray(28, 28 + length), original);
    }
    at += size;
  }
}

/** undefined: it is no capture. What follows a damaged record is not read. */
export function readCapture(file: Uint8Array): Iterable<CapturedPacket> | undefined {
  if (file.length < PCAP_HEADER_BYTES) return undefined;
  const first = viewOf(file).getUint32(0);
  const order = viewOf(file).getUint32(8);
  if (first === BLOCK.section) return order === ORDER_MAGIC || order === ORDER_MAGIC_SWAPPED ? readNextGeneration(file) : undefined;
  const classic = MAGICS.get(first);
  return classic && readClassic(file, classic.little, classic.fraction);
}
