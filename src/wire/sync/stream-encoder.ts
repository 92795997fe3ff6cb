// Writes weir's own stream: the sender's side of one connection.
//
//     frame         length of the payload (2) · type (1) · version (1) · payload, up to 16,384 bytes
//
//     hello         length of the node's name (1), name · id (8)
//     tables        id (8)
//     connections, templates, deletes of both
//                   when they were sent (4) · items (stream-item.ts)
//     beat          when it was sent (4) · is it whole: 0 or 1 (1)
//     ack           count (6)
//     refused       number of the first (6) · how many (4) · reason (1)
//     goodbye       reason (1)
//     digest        count (6) · sum (6) · lost (4)
//     compared      count (6) · sum (6) · unbound (4) · full (4) · port (4) · unsupported (4)
//     drain         stream-drain.ts
//     override      stream-override.ts
//     again, forget   nothing
//     service, destination   stream-dictionary.ts
import { LACKING_REASONS } from '../../model/stream-node.js';
import { StreamWriter } from './stream-bytes.js';
import { SendDictionary } from './stream-dictionary.js';
import { writeDrain } from './stream-drain.js';
import { type ItemKind, type StreamItem, writeItem } from './stream-item.js';
import { writeOverride } from './stream-override.js';
import { GOODBYE_REASONS, ITEM_REFUSALS, type StreamHello, StreamLayout, type StreamRecord, StreamType } from './stream-record.js';

/** The longest item: IPv6 with all parts; a template with the longest Call-ID is shorter than that. */
const ITEM_MAX = 512;
/** No frame is open. */
const NONE = -1;

const ITEM_TYPES = {
  connection: { here: StreamType.connections, ended: StreamType.connectionDeletes },
  template: { here: StreamType.templates, ended: StreamType.templateDeletes },
} as const;

function writeHello(writer: StreamWriter, { node, id }: StreamHello): void {
  const name = new TextEncoder().encode(node);
  writer.u8(name.length);
  writer.bytes(name);
  writeId(writer, id);
}

/** 16 hexadecimal digits. */
function writeId(writer: StreamWriter, id: string): void {
  for (let at = 0; at < 16; at += 8) writer.u32(Number.parseInt(id.slice(at, at + 8), 16));
}

function writeRecord(writer: StreamWriter, record: StreamRecord): void {
  switch (record.kind) {
    case 'hello':
      writeHello(writer, record);
      break;
    case 'tables':
      writeId(writer, record.id);
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
      writer.u32(record.count);
      writer.u8(ITEM_REFUSALS.indexOf(record.reason));
      break;
    case 'goodbye':
      writer.u8(GOODBYE_REASONS.indexOf(record.reason));
      break;
    case 'digest':
      writer.u48(record.count);
      writer.u48(record.sum);
      writer.u32(record.lost);
      break;
    case 'compared':
      writer.u48(record.count);
      writer.u48(record.sum);
      for (const reason of LACKING_REASONS) writer.u32(record.lacking[reason]);
      break;
    case 'drain':
      writeDrain(writer, record.drain);
      break;
    case 'override':
      writeOverride(writer, record.override);
  }
}

export class StreamEncoder {
  readonly #out = new StreamWriter();
  readonly #dictionary = new SendDictionary({
    forget: () => this.#frame(StreamType.forget, () => {}),
    service: (write) => this.#frame(StreamType.service, write),
    destination: (write) => this.#frame(StreamType.destination, write),
  });
  /** Of the frame that is being filled: its type, when its items were sent, and where its header is. */
  #type = NONE;
  #sent = 0;
  #header = 0;

  /** Bytes that were written and not taken. */
  get length(): number {
    return this.#out.length;
  }

  /** One item. What the dictionary lacks goes before it. `sent`: milliseconds of the sender's clock, modulo 2^32. */
  item(what: ItemKind, ended: boolean, item: StreamItem, sent: number): void {
    const number = this.#dictionary.numberOf(item.destination);
    const type = ended ? ITEM_TYPES[what].ended : ITEM_TYPES[what].here;
    const length = this.#out.length - this.#header - StreamLayout.header;
    if (this.#type !== type || this.#sent !== sent || length + ITEM_MAX > StreamLayout.payloadMax) {
      this.#open(type);
      this.#sent = sent;
      this.#out.u32(sent);
    }
    writeItem(this.#out, what, item, number);
  }

  record(record: StreamRecord): void {
    this.#frame(StreamType[record.kind], (writer) => writeRecord(writer, record));
  }

  /** All that was written since the last call: a copy. */
  take(): Uint8Array {
    this.#close();
    const bytes = this.#out.written.slice();
    this.#out.clear();
    return bytes;
  }

  /** The bytes of these records, after all that was written before. */
  encode(...records: readonly StreamRecord[]): Uint8Array {
    for (const record of records) this.record(record);
    return this.take();
  }

  #open(type: number): void {
    this.#close();
    this.#header = this.#out.grow(StreamLayout.header);
    this.#type = type;
  }

  #close(): void {
    if (this.#type === NONE) return;
    const { view, length } = this.#out;
    view.setUint16(this.#header, length - this.#header - StreamLayout.header);
    view.setUint8(this.#header + 2, this.#type);
    view.setUint8(this.#header + 3, StreamLayout.version);
    this.#type = NONE;
  }

  #frame(type: number, write: (writer: StreamWriter) => void): void {
    this.#open(type);
    write(this.#out);
    this.#close();
  }
}
