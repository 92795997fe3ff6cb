// Writes the records of weir's own stream: the sender's side of one connection.
//
//     frame         length of the payload (2) · type (1) · version (1) · payload, up to 16,384 bytes
//
//     hello         length of the node's name (1), name · epoch (4) · table (8) · received: epoch (4), number (6) · clock: epoch (4), number (4)
//     connections, templates, deletes of both
//                   number of the first record (6) · epoch of most versions (4) · items (stream-item.ts), each a record
//     snapshot-begin  number (6) · range (1)
//     snapshot-end    number (6) · range (1) · count (4) · sum (4)
//     digests       of each range: count (4), sum (4)
//     ack           epoch (4) · number (6)
//     refused       number (6) · reason (1)
//     goodbye       reason (1)
//     heartbeat, forget   nothing
//     service, destination   stream-dictionary.ts
import { StreamWriter } from './stream-bytes.js';
import { SendDictionary } from './stream-dictionary.js';
import { dictionaryDestination, ItemFlag, writeConnection, writeTemplate } from './stream-item.js';
import {
  GOODBYE_REASONS,
  type ItemRecord,
  type RangeDigest,
  RECORD_REFUSALS,
  type StreamHello,
  StreamLayout,
  type StreamRecord,
  StreamType,
  type StreamVersion,
} from './stream-record.js';

/** The longest item: IPv6 with all parts; a template with the longest Call-ID is shorter than that. */
const ITEM_MAX = 512;

/** The frame of items that is being filled. */
interface OpenFrame {
  readonly type: number;
  readonly epoch: number;
  /** Of the record that may follow in it. */
  nextNumber: number;
}

const typeOf = ({ kind, item }: ItemRecord): number => {
  if (item.kind === 'connection') return kind === 'item' ? StreamType.connections : StreamType.connectionDeletes;
  return kind === 'item' ? StreamType.templates : StreamType.templateDeletes;
};

function writeHello(writer: StreamWriter, { node, epoch, table, received, clock }: StreamHello): void {
  const name = new TextEncoder().encode(node);
  writer.u8(name.length);
  writer.bytes(name);
  writer.u32(epoch);
  for (let at = 0; at < 16; at += 8) writer.u32(Number.parseInt(table.slice(at, at + 8), 16));
  writer.u32(received.epoch);
  writer.u48(received.number);
  writer.u32(clock.epoch);
  writer.u32(clock.number);
}

function writeDigest(writer: StreamWriter, { count, sum }: RangeDigest): void {
  writer.u32(count);
  writer.u32(sum);
}

type PlainRecord = Exclude<StreamRecord, ItemRecord>;

const PLAIN_TYPES: Readonly<Record<PlainRecord['kind'], number>> = {
  hello: StreamType.hello,
  'snapshot-begin': StreamType.snapshotBegin,
  'snapshot-end': StreamType.snapshotEnd,
  digests: StreamType.digests,
  ack: StreamType.ack,
  refused: StreamType.refused,
  heartbeat: StreamType.heartbeat,
  goodbye: StreamType.goodbye,
};

function writePlain(writer: StreamWriter, record: PlainRecord): void {
  switch (record.kind) {
    case 'hello':
      writeHello(writer, record);
      break;
    case 'snapshot-begin':
    case 'snapshot-end':
      writer.u48(record.number);
      writer.u8(record.range);
      if (record.kind === 'snapshot-end') writeDigest(writer, record.digest);
      break;
    case 'digests':
      for (const digest of record.ranges) writeDigest(writer, digest);
      break;
    case 'ack':
      writer.u32(record.epoch);
      writer.u48(record.number);
      break;
    case 'refused':
      writer.u48(record.number);
      writer.u8(RECORD_REFUSALS.indexOf(record.reason));
      break;
    case 'goodbye':
      writer.u8(GOODBYE_REASONS.indexOf(record.reason));
  }
}

export class StreamEncoder {
  readonly #out = new StreamWriter();
  readonly #payload = new StreamWriter();
  readonly #dictionary = new SendDictionary();
  #open: OpenFrame | undefined;

  /** The bytes of these records, a copy. What the dictionary lacks goes before the items that need it. */
  encode(records: readonly StreamRecord[]): Uint8Array {
    this.#out.clear();
    for (const record of records) {
      if (record.kind === 'item' || record.kind === 'delete') this.#item(record);
      else this.#plain(record);
    }
    this.#close();
    return this.#out.written.slice();
  }

  #item(record: ItemRecord): void {
    const type = typeOf(record);
    const destination = this.#dictionary.numberOf(dictionaryDestination(record.item), {
      forget: () => this.#frame(StreamType.forget, () => {}),
      service: (write) => this.#frame(StreamType.service, write),
      destination: (write) => this.#frame(StreamType.destination, write),
    });
    const open = this.#opened(type, record);
    const isOther = record.version.epoch !== open.epoch;
    const flags = (record.yours ? ItemFlag.yours : 0) | (isOther ? ItemFlag.otherEpoch : 0);
    const version = (): void => this.#version(record.version, isOther);
    const { item } = record;
    if (item.kind === 'connection') writeConnection(this.#payload, item, { flags, destination }, version);
    else writeTemplate(this.#payload, item, { flags, destination }, version);
    open.nextNumber = record.number + 1;
  }

  #version({ epoch, number }: StreamVersion, isOther: boolean): void {
    this.#payload.u32(number);
    if (isOther) this.#payload.u32(epoch);
  }

  /** The frame that the record goes into: the one that is open, or a new one. */
  #opened(type: number, { number, version }: ItemRecord): OpenFrame {
    const open = this.#open;
    if (open?.type === type && open.nextNumber === number && this.#payload.length + ITEM_MAX <= StreamLayout.payloadMax) return open;
    this.#close();
    this.#payload.clear();
    this.#payload.u48(number);
    this.#payload.u32(version.epoch);
    this.#open = { type, epoch: version.epoch, nextNumber: number };
    return this.#open;
  }

  #close(): void {
    if (this.#open === undefined) return;
    const { type } = this.#open;
    this.#open = undefined;
    this.#header(type, this.#payload.length);
    this.#out.bytes(this.#payload.written);
  }

  #header(type: number, length: number): void {
    this.#out.u16(length);
    this.#out.u8(type);
    this.#out.u8(StreamLayout.version);
  }

  #frame(type: number, write: (writer: StreamWriter) => void): void {
    this.#close();
    this.#payload.clear();
    write(this.#payload);
    this.#header(type, this.#payload.length);
    this.#out.bytes(this.#payload.written);
  }

  #plain(record: PlainRecord): void {
    this.#frame(PLAIN_TYPES[record.kind], (writer) => writePlain(writer, record));
  }
}
