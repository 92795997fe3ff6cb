// Items of weir's own stream: one connection or template as numbers, and as bytes. An IPv4 connection takes 16 bytes, where nothing is special about it.
//
//     connection    flags (1) · state and what was seen (1) · client port (2) · number of the destination (2) · seconds left (3) ·
//                   hundredths of a second since its last packet (3) · client (4 or 16)
//       endpoint    protocol (1) · virtual address (4 or 16), port (2) · server's port (2)
//       sequence    in and out: initial, delta, previous delta (4 each)
//       local       family (1), address (4 or 16), port (2)
//       reply       which one is waited for (1) · which one was given last (1), where it begins (4)
//     template      flags (1) · number of the destination (2) · seconds left (3) · seconds in all (3) ·
//                   hundredths of a second since its last use (3) · client network (4 or 16)
//       call        length (1), Call-ID
//
// There are many of them: none is an object of its own. Who writes or reads them has one StreamItem for all.
import type { StreamWriter } from './stream-bytes.js';
import type { DictionaryDestination } from './stream-dictionary.js';
import { StreamLayout } from './stream-record.js';

export type ItemKind = 'connection' | 'template';

/** Flags of an item. Those above 0x0f are of its kind. */
export const ItemFlag = {
  inet6: 0x01,
  /** Of a connection: the service's own endpoint does not state the connection's. */
  endpoint: 0x10,
  sequence: 0x20,
  local: 0x40,
  /** Only where both ends know it (hasReplies of stream-record.ts). */
  reply: 0x80,
  /** Of a template. */
  assured: 0x10,
  portless: 0x20,
  call: 0x40,
} as const;
/** All that an item of a kind may have. */
export const ITEM_FLAGS = { connection: 0xf1, template: 0x71 } as const;

/**
 * The second byte of a connection. `seen`: answered and proven are known. `own`: the sender had its last packet itself, since its process began; only where
 * both ends know of it (hasOwners of stream-record.ts).
 */
export const ItemBits = { state: 0x0f, own: 0x10, seen: 0x20, answered: 0x40, proven: 0x80 } as const;

/** Bytes of an item without parts, of IPv4. */
export const FIXED_BYTES = { connection: 16, template: 16 } as const;
/** What an address of IPv6 takes more. */
export const INET6_MORE = 12;

/** One item, filled again for each. Words of addresses: one, or four of IPv6, each as 4 bytes of a packet in the order of the host. */
export class StreamItem {
  /** Its service and server, as configured. */
  destination!: DictionaryDestination;
  flags = 0;
  bits = 0;
  port = 0;
  /** Until it expires; whole seconds, StreamLayout.secondsMax at most. */
  seconds = 0;
  /** A template's after each use. */
  timeout = 0;
  /** Since its last packet: hundredths of a second, StreamLayout.idleMax at most. */
  idle = 0;
  readonly client = new Uint32Array(4);
  /** With `endpoint`: of its own. */
  protocol = 0;
  readonly virtual = new Uint32Array(4);
  virtualPort = 0;
  serverPort = 0;
  /** With `sequence`: in and out, initial, delta and previous delta of each. */
  readonly sequence = new Uint32Array(6);
  /** With `local`: FULLNAT's. */
  isLocalInet6 = false;
  readonly local = new Uint32Array(4);
  localPort = 0;
  /** With `reply`, of a control connection of FTP: the reply that is waited for, by its number in ftp-abi.h, or 0; likewise the last one, and where it begins. */
  readonly reply = new Uint32Array(3);
  /** With `call`: of SIP, 1 to 255 bytes. */
  call: Uint8Array = new Uint8Array();

  /** Seconds as they travel: never more than are left, so that no connection lives longer because it travelled. */
  set secondsLeft(seconds: number) {
    this.seconds = wireSeconds(seconds);
  }

  /** As they travel: never less. */
  set idleSeconds(seconds: number) {
    this.idle = Math.min(Math.max(Math.ceil(seconds * 100), 0), StreamLayout.idleMax);
  }

  set secondsInAll(seconds: number) {
    this.timeout = wireSeconds(seconds);
  }

  /** Words of its addresses. */
  get words(): number {
    return (this.flags & ItemFlag.inet6) === 0 ? 1 : 4;
  }

  /** Becomes the same as another one, but for what stands in no item of its kind. */
  set(other: StreamItem): this {
    for (const words of ['client', 'virtual', 'sequence', 'local', 'reply'] as const) this[words].set(other[words]);
    const { destination, flags, bits, port, seconds, timeout, idle, protocol, virtualPort, serverPort, isLocalInet6, localPort } = other;
    Object.assign(this, {
      destination,
      flags,
      bits,
      port,
      seconds,
      timeout,
      idle,
      protocol,
      virtualPort,
      serverPort,
      isLocalInet6,
      localPort,
    });
    this.call = other.call.slice();
    return this;
  }
}

const wireSeconds = (seconds: number): number => Math.min(Math.max(Math.floor(seconds), 0), StreamLayout.secondsMax);

/** What all items begin with; the place behind it. `number`: of its destination. */
function writeFixed(view: DataView, at: number, kind: ItemKind, item: StreamItem, number: number): number {
  const { seconds, idle, timeout } = item;
  let next = at;
  view.setUint8(next, item.flags);
  if (kind === 'connection') {
    view.setUint8(next + 1, item.bits);
    view.setUint16(next + 2, item.port);
    next += 3;
  }
  view.setUint16(next + 1, number);
  view.setUint16(next + 3, seconds >>> 8);
  view.setUint8(next + 5, seconds & 0xff);
  next += 6;
  if (kind === 'template') {
    view.setUint16(next, timeout >>> 8);
    view.setUint8(next + 2, timeout & 0xff);
    next += 3;
  }
  view.setUint8(next, idle >>> 16);
  view.setUint16(next + 1, idle & 0xffff);
  return writeAddress(view, next + 3, item.client, item.words);
}

function writeAddress(view: DataView, at: number, words: Uint32Array, count: number): number {
  for (let k = 0; k < count; k++) view.setUint32(at + 4 * k, words[k] ?? 0, true);
  return at + 4 * count;
}

/** `number`: of its destination. */
export function writeItem(writer: StreamWriter, kind: ItemKind, item: StreamItem, number: number): void {
  const { flags } = item;
  const at = writer.grow(FIXED_BYTES[kind] + ((flags & ItemFlag.inet6) === 0 ? 0 : INET6_MORE));
  writeFixed(writer.view, at, kind, item, number);
  if (kind === 'template') {
    if ((flags & ItemFlag.call) === 0) return;
    writer.u8(item.call.length);
    writer.bytes(item.call);
  } else if ((flags & ~ItemFlag.inet6) !== 0) writeParts(writer, item);
}

function writeParts(writer: StreamWriter, item: StreamItem): void {
  const { flags, words } = item;
  if ((flags & ItemFlag.endpoint) !== 0) {
    writer.u8(item.protocol);
    writer.words(item.virtual, words);
    writer.u16(item.virtualPort);
    writer.u16(item.serverPort);
  }
  if ((flags & ItemFlag.sequence) !== 0) for (const word of item.sequence) writer.u32(word);
  if ((flags & ItemFlag.local) !== 0) {
    writer.u8(item.isLocalInet6 ? 6 : 4);
    writer.words(item.local, item.isLocalInet6 ? 4 : 1);
    writer.u16(item.localPort);
  }
  if ((flags & ItemFlag.reply) === 0) return;
  const [waited = 0, last = 0, at = 0] = item.reply;
  writer.u8(waited);
  writer.u8(last);
  writer.u32(at);
}
