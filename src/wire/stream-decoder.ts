// Reads the records of weir's own stream: the receiver's side of one connection. Bytes may come in pieces of any size. It never throws, and its memory
// is bounded by one frame and the dictionary. What it refuses ends the connection, since nothing behind it can be read.
import { StreamReader } from './stream-bytes.js';
import { ReceiveDictionary } from './stream-dictionary.js';
import { ItemFlag, readConnection, readTemplate } from './stream-item.js';
import {
  GOODBYE_REASONS,
  type RangeDigest,
  RECORD_REFUSALS,
  StreamLayout,
  type StreamRecord,
  type StreamRefusal,
  StreamType,
} from './stream-record.js';

export interface Decoded {
  /** Of whole frames; of the frame that is refused, none. */
  readonly records: readonly StreamRecord[];
  /** The connection must be closed. Whatever comes after it is refused for the same reason. */
  readonly refused?: StreamRefusal;
}

type Answer = readonly StreamRecord[] | StreamRefusal;

const NAME = /^[A-Za-z0-9._-]+$/;
const none: readonly StreamRecord[] = [];

const digestOf = (reader: StreamReader): RangeDigest => ({ count: reader.u32(), sum: reader.u32() });
const hex = (word: number): string => word.toString(16).padStart(8, '0');

function readHello(reader: StreamReader): Answer {
  const name = String.fromCharCode(...reader.bytes(Math.min(reader.u8(), StreamLayout.nodeNameMax + 1)));
  const epoch = reader.u32();
  const table = hex(reader.u32()) + hex(reader.u32());
  const received = { epoch: reader.u32(), number: reader.u48() };
  const clock = { epoch: reader.u32(), number: reader.u32() };
  if (reader.failed) return 'frame-short';
  if (name.length > StreamLayout.nodeNameMax || !NAME.test(name)) return 'hello-name';
  return [{ kind: 'hello', node: name, epoch, table, received, clock }];
}

function readMark(reader: StreamReader, isEnd: boolean): Answer {
  const [number, range] = [reader.u48(), reader.u8()];
  if (range >= StreamLayout.ranges) return 'range';
  return [isEnd ? { kind: 'snapshot-end', number, range, digest: digestOf(reader) } : { kind: 'snapshot-begin', number, range }];
}

function readRefused(reader: StreamReader): Answer {
  const number = reader.u48();
  const reason = RECORD_REFUSALS[reader.u8()];
  return reason === undefined ? 'reason' : [{ kind: 'refused', number, reason }];
}

function readGoodbye(reader: StreamReader): Answer {
  const reason = GOODBYE_REASONS[reader.u8()];
  return reason === undefined ? 'reason' : [{ kind: 'goodbye', reason }];
}

export class StreamDecoder {
  readonly #frame = new Uint8Array(StreamLayout.header + StreamLayout.payloadMax);
  readonly #dictionary = new ReceiveDictionary();
  /** How much of a frame is there. */
  #filled = 0;
  #greeted = false;
  #refused: StreamRefusal | undefined;

  push(bytes: Uint8Array): Decoded {
    const records: StreamRecord[] = [];
    let left = bytes;
    while (this.#refused === undefined) {
      left = this.#fill(left, StreamLayout.header);
      if (this.#filled < StreamLayout.header) break;
      this.#refused = this.#wrongHeader();
      if (this.#refused !== undefined) break;
      const length = StreamLayout.header + this.#payloadLength;
      left = this.#fill(left, length);
      if (this.#filled < length) break;
      this.#finish(records);
    }
    return this.#refused === undefined ? { records } : { records, refused: this.#refused };
  }

  /** Takes bytes until the frame has this length; what is left of them. */
  #fill(bytes: Uint8Array, length: number): Uint8Array {
    const taken = bytes.subarray(0, Math.max(0, length - this.#filled));
    this.#frame.set(taken, this.#filled);
    this.#filled += taken.length;
    return bytes.subarray(taken.length);
  }

  get #payloadLength(): number {
    return ((this.#frame[0] ?? 0) << 8) | (this.#frame[1] ?? 0);
  }

  #wrongHeader(): StreamRefusal | undefined {
    const [, , type, version] = this.#frame;
    if (version !== StreamLayout.version) return 'version';
    if (this.#payloadLength > StreamLayout.payloadMax) return 'frame-size';
    return this.#greeted || type === StreamType.hello || type === StreamType.goodbye ? undefined : 'hello-missing';
  }

  #finish(records: StreamRecord[]): void {
    const type = this.#frame[2] ?? 0;
    const reader = new StreamReader(this.#frame.subarray(StreamLayout.header, this.#filled));
    this.#filled = 0;
    const answer = this.#read(type, reader);
    if (typeof answer === 'string') this.#refused = answer;
    else if (reader.failed) this.#refused = 'frame-short';
    else if (reader.left > 0) this.#refused = 'frame-rest';
    else for (const record of answer) records.push(record);
  }

  #read(type: number, reader: StreamReader): Answer {
    switch (type) {
      case StreamType.hello:
        this.#greeted = true;
        return readHello(reader);
      case StreamType.service:
        return this.#dictionary.readService(reader) ?? none;
      case StreamType.destination:
        return this.#dictionary.readDestination(reader) ?? none;
      case StreamType.forget:
        this.#dictionary.clear();
        return none;
      case StreamType.connections:
      case StreamType.templates:
      case StreamType.connectionDeletes:
      case StreamType.templateDeletes:
        return this.#items(type, reader);
      case StreamType.snapshotBegin:
      case StreamType.snapshotEnd:
        return readMark(reader, type === StreamType.snapshotEnd);
      case StreamType.digests:
        return [{ kind: 'digests', ranges: Array.from({ length: StreamLayout.ranges }, () => digestOf(reader)) }];
      case StreamType.ack:
        return [{ kind: 'ack', epoch: reader.u32(), number: reader.u48() }];
      case StreamType.refused:
        return readRefused(reader);
      case StreamType.heartbeat:
        return [{ kind: 'heartbeat' }];
      case StreamType.goodbye:
        return readGoodbye(reader);
      default:
        return 'frame-type';
    }
  }

  #items(type: number, reader: StreamReader): Answer {
    let number = reader.u48();
    const epoch = reader.u32();
    const kind = type === StreamType.connections || type === StreamType.templates ? 'item' : 'delete';
    const read = type === StreamType.connections || type === StreamType.connectionDeletes ? readConnection : readTemplate;
    const records: StreamRecord[] = [];
    while (reader.left > 0) {
      const flags = reader.u8();
      let version = { epoch, number: 0 };
      const item = read(
        reader,
        flags & ~(ItemFlag.otherEpoch | ItemFlag.yours),
        (one) => this.#dictionary.destination(one),
        () => {
          version = { epoch, number: reader.u32() };
          if ((flags & ItemFlag.otherEpoch) !== 0) version = { number: version.number, epoch: reader.u32() };
        },
      );
      if (typeof item === 'string') return item;
      records.push({ kind, item, version, yours: (flags & ItemFlag.yours) !== 0, number: number++ });
    }
    return reader.failed || records.length === 0 ? 'frame-short' : records;
  }
}
