// Items of weir's own stream as objects, for tests: what a test states of one, and what it finds of one that came.
import type { Address } from '../../src/model/address.js';
import type { ForeignConnection } from '../../src/model/foreign-connection.js';
import type { ForeignTemplate } from '../../src/model/foreign-template.js';
import { sameDestination } from '../../src/model/identity.js';
import { IpProtocol } from '../../src/model/ip-protocol.js';
import type { DestinationKey, ServiceKey } from '../../src/model/service.js';
import { swap32 } from '../../src/wire/bytes.js';
import { ItemReader } from '../../src/wire/sync/stream-block.js';
import type { Received } from '../../src/wire/sync/stream-decoder.js';
import { DictionaryDestination } from '../../src/wire/sync/stream-dictionary.js';
import type { StreamEncoder } from '../../src/wire/sync/stream-encoder.js';
import { ItemBits, ItemFlag, StreamItem } from '../../src/wire/sync/stream-item.js';
import type { StreamRecord } from '../../src/wire/sync/stream-record.js';
import type { SequenceShift, SyncSequence } from '../../src/wire/sync/sync-entry.js';

/** Its `timeout` does not travel and is 0: the receiver has its own. */
export interface StreamConnection {
  readonly kind: 'connection';
  readonly service: ServiceKey;
  /** As configured: the connection's own server may have another port (of all ports, of a mark). */
  readonly destination: DestinationKey;
  readonly connection: ForeignConnection;
  readonly sequence?: SyncSequence;
  readonly local?: DestinationKey;
  readonly reply?: readonly [waited: number, last: number, at: number];
}

export interface StreamTemplate {
  readonly kind: 'template';
  readonly service: ServiceKey;
  readonly destination: DestinationKey;
  readonly template: ForeignTemplate;
  readonly callId?: Uint8Array;
}

export type AnyItem = StreamConnection | StreamTemplate;

/** Of an item, or of its end. `idle`: hundredths of a second. */
export interface ItemRecord {
  readonly kind: 'item' | 'delete';
  readonly item: AnyItem;
  readonly idle: number;
  readonly sent: number;
}
export type AnyRecord = StreamRecord | ItemRecord;

const wordsOf = ({ words }: Address): readonly number[] => words.map(swap32);
const shiftWords = ({ initial, delta, previousDelta }: SequenceShift): readonly number[] => [initial, delta, previousDelta];

/** The numbers of an item. */
export function itemOf(one: AnyItem, idle = 0): StreamItem {
  const item = new StreamItem();
  const { method } = one.kind === 'connection' ? one.connection : one.template;
  item.destination = new DictionaryDestination(one.service, one.destination, method);
  item.idle = idle;
  if (one.kind === 'connection') fillConnection(item, one);
  else fillTemplate(item, one);
  return item;
}

function fillConnection(item: StreamItem, { service, destination, connection, sequence, local, reply }: StreamConnection): void {
  const { client, virtual, server, protocol, state, seconds, seen } = connection;
  const isOwn = service.kind === 'fwmark' || !sameDestination(service, virtual) || destination.port !== server.port;
  item.flags =
    (client.address.family === 'inet6' ? ItemFlag.inet6 : 0) |
    (isOwn ? ItemFlag.endpoint : 0) |
    (sequence === undefined ? 0 : ItemFlag.sequence) |
    (local === undefined ? 0 : ItemFlag.local) |
    (reply === undefined ? 0 : ItemFlag.reply);
  const seenBits = seen && ItemBits.seen | (seen.answered ? ItemBits.answered : 0) | (seen.proven ? ItemBits.proven : 0);
  item.bits = state | (seenBits ?? 0);
  item.port = client.port;
  item.seconds = seconds;
  item.client.set(wordsOf(client.address));
  item.protocol = protocol;
  item.virtual.set(wordsOf(virtual.address));
  [item.virtualPort, item.serverPort] = [virtual.port, server.port];
  if (sequence !== undefined) item.sequence.set([...shiftWords(sequence.in), ...shiftWords(sequence.out)]);
  if (reply !== undefined) item.reply.set(reply);
  if (local === undefined) return;
  item.isLocalInet6 = local.address.family === 'inet6';
  item.local.set(wordsOf(local.address));
  item.localPort = local.port;
}

function fillTemplate(item: StreamItem, { template, callId }: StreamTemplate): void {
  const { client, virtual, server, assured, seconds, timeout } = template;
  item.flags =
    (client.family === 'inet6' ? ItemFlag.inet6 : 0) |
    (assured ? ItemFlag.assured : 0) |
    (virtual.port === 0 && server.port === 0 ? ItemFlag.portless : 0) |
    (callId === undefined ? 0 : ItemFlag.call);
  [item.seconds, item.timeout] = [seconds, timeout];
  item.client.set(wordsOf(client));
  if (callId !== undefined) item.call = callId.slice();
}

const addressOf = (words: Uint32Array, isInet6: boolean): Address => ({
  family: isInet6 ? 'inet6' : 'inet',
  words: [...words.subarray(0, isInet6 ? 4 : 1)].map(swap32),
});
const shiftOf = ([initial = 0, delta = 0, previousDelta = 0]: Uint32Array): SequenceShift => ({ initial, delta, previousDelta });

/** What a connection was, by its numbers. */
export function connectionOf(item: StreamItem): StreamConnection {
  const { destination, flags, bits, port, seconds, protocol } = item;
  const { service, key, method } = destination;
  const isInet6 = (flags & ItemFlag.inet6) !== 0;
  const seen = { answered: (bits & ItemBits.answered) !== 0, proven: (bits & ItemBits.proven) !== 0 };
  return {
    kind: 'connection',
    service,
    destination: key,
    connection: {
      protocol,
      client: { address: addressOf(item.client, isInet6), port },
      virtual: { address: addressOf(item.virtual, isInet6), port: item.virtualPort },
      server: { address: key.address, port: item.serverPort },
      mark: service.kind === 'fwmark' ? service.mark : 0,
      method,
      state: bits & ItemBits.state,
      seconds,
      timeout: 0,
      late: false,
      ...((bits & ItemBits.seen) === 0 ? {} : { seen }),
    },
    ...((flags & ItemFlag.sequence) === 0
      ? {}
      : { sequence: { in: shiftOf(item.sequence.subarray(0, 3)), out: shiftOf(item.sequence.subarray(3)) } }),
    ...((flags & ItemFlag.local) === 0 ? {} : { local: { address: addressOf(item.local, item.isLocalInet6), port: item.localPort } }),
    ...((flags & ItemFlag.reply) === 0 ? {} : { reply: [item.reply[0] ?? 0, item.reply[1] ?? 0, item.reply[2] ?? 0] as const }),
  };
}

function templateOf(item: StreamItem): StreamTemplate {
  const { destination, flags, seconds, timeout } = item;
  const { service, key, method, family } = destination;
  const isPortless = (flags & ItemFlag.portless) !== 0;
  const server = { address: key.address, port: isPortless ? 0 : key.port };
  const nowhere = { address: { family, words: family === 'inet' ? [0] : [0, 0, 0, 0] }, port: 0 };
  const isMark = service.kind === 'fwmark';
  return {
    kind: 'template',
    service,
    destination: key,
    template: {
      protocol: isMark ? 0 : IpProtocol[service.protocol],
      client: addressOf(item.client, (flags & ItemFlag.inet6) !== 0),
      virtual: isMark ? nowhere : { address: service.address, port: isPortless ? 0 : service.port },
      server,
      mark: isMark ? service.mark : 0,
      method,
      assured: (flags & ItemFlag.assured) !== 0,
      seconds,
      timeout,
    },
    ...((flags & ItemFlag.call) === 0 ? {} : { callId: item.call }),
  };
}

/** What came, an object for each item. */
export function recordsOf(received: readonly Received[]): readonly AnyRecord[] {
  const found: AnyRecord[] = [];
  for (const one of received) {
    if (one.kind !== 'items') {
      found.push(one);
      continue;
    }
    const item = new StreamItem();
    const kind = one.ended ? 'delete' : 'item';
    for (const reader = new ItemReader(one); reader.next(item); ) {
      const object = one.what === 'connection' ? connectionOf(item) : templateOf(item);
      found.push({ kind, item: object, idle: item.idle, sent: one.sent });
    }
  }
  return found;
}

export function encodeAll(encoder: StreamEncoder, records: readonly AnyRecord[]): Uint8Array {
  for (const record of records) {
    if (record.kind === 'item' || record.kind === 'delete')
      encoder.item(record.item.kind, record.kind === 'delete', itemOf(record.item, record.idle), record.sent);
    else encoder.record(record as StreamRecord);
  }
  return encoder.take();
}
