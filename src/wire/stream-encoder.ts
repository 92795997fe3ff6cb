// Writes the records of weir's own stream: the sender's side of one connection.
//
//     frame         length of the payload (2) · type (1) · version (1) · payload, up to 16,384 bytes
//
//     hello         length of the node's name (1), name · id (8)
//     connections, templates, deletes of both
//                   when they were sent (4) · items (stream-item.ts)
//     beat          when it was sent (4) · is it whole: 0 or 1 (1)
//     ack           count (6)
//     refused       number (6) · reason (1)
//     goodbye       reason (1)
//     again, forget   nothing
//     service, destination   stream-dictionary.ts
import { StreamWriter } from './stream-bytes.js';
import { SendDictionary } from './stream-dictionary.js';
import { dictionaryDestination, writeConnection, writeTemplate } from './stream-item.js';
import {
  GOODBYE_REASONS,
  ITEM_REFUSALS,
  type ItemRecord,
  type StreamHello,
  StreamLayout,
  type StreamRecord,
  StreamType,
} from './stream-record.js';

/** The longest item: IPv6 with all parts; a template with the longest Call-ID is shorter than that. */
const ITEM_MAX = 512;

/** The frame of items that is being filled. */
interface OpenFrame {
  readonly type: number;
  readonly sent: number;
}

const typeOf = ({ kind, item }: ItemRecord): number => {
  if (item.kind === 'connection') return kind === 'item' ? StreamType.connections : StreamType.connectionDeletes;
  return kind === 'item' ? StreamType.templates : StreamType.templateDeletes;
};

function writeHello(writer: StreamWriter, { node, id }: StreamHello): void {
  const name = new TextEncoder().encode(node);
  writer.u8(name.length);
  writer.bytes(name);
  for (let at = 0; at < 16; at += 8) writer.u32(Number.parseInt(id.slice(at, at + 8), 16));
}

type PlainRecord = Exclude<StreamRecord, ItemRecord>;

const PLAIN_TYPES: Readonly<Record<PlainRecord['kind'], number>> = {
  hello: StreamType.hello,
  beat: StreamType.beat,
  ack: StreamType.ack,
  refused: StreamType.refused,
  again: StreamType.again,
  goodbye: StreamType.goodbye,
};

function writePlain(writer: StreamWriter, record: PlainRecord): void {
  switch (record.kind) {
    case 'hello':
      writeHello(writer, record);
      break;
    case 'beat':
      writer.u32(record.sent);
      writer.u8(record.whole ? 1 : 0);
      break;
    case 'ack':
      writer.u48(record.count);
      break;
    case 'refused':
      writer.u48(record.number);
      writer.u8(ITEM_REFUSALS.indexOf(record.reason));
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
    this.#openFor(type, record);
    const head = { destination, idle: record.idle };
    const { item } = record;
    if (item.kind === 'connection') writeConnection(this.#payload, item, head);
    else writeTemplate(this.#payload, item, head);
  }

  /** The item goes into the frame that is open, or into a new one. */
  #openFor(type: number, { sent }: ItemRecord): void {
    const open = this.#open;
    if (open?.type === type && open.sent === sent && this.#payload.length + ITEM_MAX <= StreamLayout.payloadMax) return;
    this.#close();
    this.#payload.clear();
    this.#payload.u32(sent);
    this.#open = { type, sent };
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
