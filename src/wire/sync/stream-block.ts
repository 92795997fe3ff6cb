// Reading the items of a frame of weir's own stream, one after the other, without an object for each.
import { IpProtocol } from '../../model/ip-protocol.js';
import { viewOf } from '../bytes.js';
import { type DictionaryDestination, protocolNamed } from './stream-dictionary.js';
import { FIXED_BYTES, INET6_MORE, ITEM_FLAGS, ItemBits, ItemFlag, type ItemKind, type StreamItem } from './stream-item.js';
import { StreamLayout, type StreamRefusal } from './stream-record.js';
import { connectionStates } from './sync-entry.js';

/** The items of one frame. */
export interface ItemBlock {
  readonly kind: 'items';
  readonly what: ItemKind;
  /** They have ended. */
  readonly ended: boolean;
  /** When they were sent: milliseconds of the sender's clock, modulo 2^32. */
  readonly sent: number;
  readonly count: number;
  /** Of all of them. */
  readonly digest: number;
  readonly bytes: Uint8Array;
  /** What the numbers of destinations mean. */
  readonly dictionary: readonly DictionaryDestination[];
}

/** `delay`: hundredths of a second that it was on its way, which count beside what its items had been idle before. */
export interface ReceivedBlock {
  readonly block: ItemBlock;
  readonly delay: number;
}

const SEQUENCE_WORDS = 6;
const REPLY_BYTES = 6;

export class ItemReader {
  readonly #view: DataView;
  #at = 0;
  #refusal: StreamRefusal | undefined;

  constructor(readonly block: Pick<ItemBlock, 'what' | 'bytes' | 'dictionary'>) {
    this.#view = viewOf(block.bytes);
  }

  /** Why next() has refused. */
  get refusal(): StreamRefusal | undefined {
    return this.#refusal;
  }

  /** Reads one more; false: there is none, or it is refused. */
  next(item: StreamItem): boolean {
    if (this.#at === this.block.bytes.length) return false;
    this.#refusal = this.block.what === 'connection' ? this.#connection(item) : this.#template(item);
    return this.#refusal === undefined;
  }

  /** Where so many bytes more begin; -1: there are fewer. */
  #take(count: number): number {
    const at = this.#at;
    if (at + count > this.block.bytes.length) return -1;
    this.#at = at + count;
    return at;
  }

  #words(at: number, words: Uint32Array, count: number): void {
    for (let k = 0; k < count; k++) words[k] = this.#view.getUint32(at + 4 * k, true);
  }

  /** The first part: what it begins with, until the number of its destination. */
  #begin(item: StreamItem): number {
    const flags = this.#view.getUint8(this.#at);
    item.flags = flags;
    return this.#take(FIXED_BYTES[this.block.what] + ((flags & ItemFlag.inet6) === 0 ? 0 : INET6_MORE));
  }

  #destination(item: StreamItem, number: number): StreamRefusal | undefined {
    const destination = this.block.dictionary[number];
    if (destination === undefined) return 'item-destination';
    item.destination = destination;
    return (destination.family === 'inet6') === ((item.flags & ItemFlag.inet6) !== 0) ? undefined : 'item-family';
  }

  #connection(item: StreamItem): StreamRefusal | undefined {
    const view = this.#view;
    const at = this.#begin(item);
    if ((item.flags & ~ITEM_FLAGS.connection) !== 0) return 'item-flags';
    if (at < 0) return 'frame-short';
    item.bits = view.getUint8(at + 1);
    item.port = view.getUint16(at + 2);
    const times = view.getUint32(at + 6);
    item.seconds = times >>> 8;
    item.idle = ((times & 0xff) << 16) | view.getUint16(at + 10);
    this.#words(at + 12, item.client, item.words);
    const wrong = this.#destination(item, view.getUint16(at + 4)) ?? this.#parts(item);
    if (wrong !== undefined) return wrong;
    if ((item.bits & ItemBits.state) >= connectionStates(item.protocol)) return 'item-state';
    return item.seconds > StreamLayout.secondsMax ? 'item-time' : undefined;
  }

  #parts(item: StreamItem): StreamRefusal | undefined {
    const { flags, destination } = item;
    const wrong = (flags & ItemFlag.endpoint) === 0 ? endpointOf(item, destination) : this.#endpoint(item);
    if (wrong !== undefined) return wrong;
    if ((flags & ItemFlag.sequence) !== 0) {
      const at = this.#take(4 * SEQUENCE_WORDS);
      if (at < 0) return 'frame-short';
      for (let k = 0; k < SEQUENCE_WORDS; k++) item.sequence[k] = this.#view.getUint32(at + 4 * k);
    }
    const short = (flags & ItemFlag.local) === 0 ? undefined : this.#local(item);
    return short ?? ((flags & ItemFlag.reply) === 0 ? undefined : this.#reply(item));
  }

  #reply({ reply }: StreamItem): StreamRefusal | undefined {
    const at = this.#take(REPLY_BYTES);
    if (at < 0) return 'frame-short';
    const view = this.#view;
    [reply[0], reply[1], reply[2]] = [view.getUint8(at), view.getUint8(at + 1), view.getUint32(at + 2)];
    return undefined;
  }

  #endpoint(item: StreamItem): StreamRefusal | undefined {
    const { words } = item;
    const at = this.#take(5 + 4 * words);
    if (at < 0) return 'frame-short';
    item.protocol = this.#view.getUint8(at);
    this.#words(at + 1, item.virtual, words);
    item.virtualPort = this.#view.getUint16(at + 1 + 4 * words);
    item.serverPort = this.#view.getUint16(at + 3 + 4 * words);
    return protocolNamed(item.protocol) === undefined ? 'item-protocol' : undefined;
  }

  #local(item: StreamItem): StreamRefusal | undefined {
    const at = this.#take(1);
    const family = at < 0 ? 0 : this.#view.getUint8(at);
    const words = family === 6 ? 4 : 1;
    const from = this.#take(4 * words + 2);
    if (from < 0 || (family !== 4 && family !== 6)) return 'frame-short';
    item.isLocalInet6 = family === 6;
    this.#words(from, item.local, words);
    item.localPort = this.#view.getUint16(from + 4 * words);
    return undefined;
  }

  #template(item: StreamItem): StreamRefusal | undefined {
    const view = this.#view;
    const at = this.#begin(item);
    if ((item.flags & ~ITEM_FLAGS.template) !== 0) return 'item-flags';
    if (at < 0) return 'frame-short';
    const times = view.getUint32(at + 3);
    item.seconds = times >>> 8;
    item.timeout = ((times & 0xff) << 16) | view.getUint16(at + 7);
    item.idle = (view.getUint16(at + 9) << 8) | view.getUint8(at + 11);
    this.#words(at + 12, item.client, item.words);
    const wrong = this.#destination(item, view.getUint16(at + 1)) ?? this.#call(item);
    if (wrong !== undefined) return wrong;
    return Math.max(item.seconds, item.timeout) > StreamLayout.secondsMax ? 'item-time' : undefined;
  }

  #call(item: StreamItem): StreamRefusal | undefined {
    if ((item.flags & ItemFlag.call) === 0) return undefined;
    const at = this.#take(1);
    const length = at < 0 ? 0 : this.#view.getUint8(at);
    const from = this.#take(length);
    if (at < 0 || from < 0) return 'frame-short';
    item.call = this.block.bytes.slice(from, from + length);
    return length === 0 ? 'item-call' : undefined;
  }
}

/** A connection without an endpoint of its own has its service's, and its server's port. */
function endpointOf(item: StreamItem, { service, key, serviceWords }: DictionaryDestination): StreamRefusal | undefined {
  if (service.kind === 'fwmark') return 'item-endpoint';
  item.protocol = IpProtocol[service.protocol];
  for (let k = 0; k < serviceWords.length; k++) item.virtual[k] = serviceWords[k] ?? 0;
  item.virtualPort = service.port;
  item.serverPort = key.port;
  return undefined;
}
