// Reads the records of weir's own stream: the receiver's side of one connection. Bytes may come in pieces of any size. It never throws, and its memory
// is bounded by one frame and the dictionary. What it refuses ends the connection, since nothing behind it can be read.
import { LACKING_REASONS, type Lacking, NOTHING_LACKS } from '../../model/stream-node.js';
import { type ItemBlock, ItemReader } from './stream-block.js';
import { StreamReader } from './stream-bytes.js';
import { ReceiveDictionary } from './stream-dictionary.js';
import { addDigests, itemHash } from './stream-digest.js';
import { readDrain } from './stream-drain.js';
import { type ItemKind, StreamItem } from './stream-item.js';
import { readOverride } from './stream-override.js';
import { GOODBYE_REASONS, ITEM_REFUSALS, StreamLayout, type StreamRecord, type StreamRefusal, StreamType } from './stream-record.js';

/** A record, or the items of a frame. */
export type Received = StreamRecord | ItemBlock;

export interface Decoded {
  /** Of whole frames; of the frame that is refused, none. */
  readonly records: readonly Received[];
  /** The connection must be closed. Whatever comes after it is refused for the same reason. */
  readonly refused?: StreamRefusal;
}

type Answer = readonly Received[] | StreamRefusal;

const NAME = /^[A-Za-z0-9._-]+$/;
const none: readonly Received[] = [];

const hex = (word: number): string => word.toString(16).padStart(8, '0');

const readId = (reader: StreamReader): string => hex(reader.u32()) + hex(reader.u32());

function readHello(reader: StreamReader): Answer {
  const name = String.fromCharCode(...reader.bytes(Math.min(reader.u8(), StreamLayout.nodeNameMax + 1)));
  const id = readId(reader);
  if (reader.failed) return 'frame-short';
  if (name.length > StreamLayout.nodeNameMax || !NAME.test(name)) return 'hello-name';
  return [{ kind: 'hello', node: name, id }];
}

function readBeat(reader: StreamReader): Answer {
  const [sent, whole] = [reader.u32(), reader.u8()];
  return whole > 1 ? 'reason' : [{ kind: 'beat', sent, whole: whole === 1 }];
}

function readRefused(reader: StreamReader): Answer {
  const [number, count] = [reader.u48(), reader.u32()];
  const reason = ITEM_REFUSALS[reader.u8()];
  return reason === undefined ? 'reason' : [{ kind: 'refused', number, count, reason }];
}

function readGoodbye(reader: StreamReader): Answer {
  const reason = GOODBYE_REASONS[reader.u8()];
  return reason === undefined ? 'reason' : [{ kind: 'goodbye', reason }];
}

function readDigest(reader: StreamReader): Answer {
  const [count, sum, lost] = [reader.u48(), reader.u48(), reader.u32()];
  return [{ kind: 'digest', count, sum, lost }];
}

function readCompared(reader: StreamReader): Answer {
  const [count, sum] = [reader.u48(), reader.u48()];
  const lacking: Record<keyof Lacking, number> = { ...NOTHING_LACKS };
  for (const reason of LACKING_REASONS) lacking[reason] = reader.u32();
  return [{ kind: 'compared', count, sum, lacking }];
}

function readDrainRecord(reader: StreamReader): Answer {
  const drain = readDrain(reader);
  if (drain === undefined) return reader.failed ? 'frame-short' : 'drain';
  return [{ kind: 'drain', drain }];
}

function readOverrideRecord(reader: StreamReader): Answer {
  const override = readOverride(reader);
  if (override === undefined) return reader.failed ? 'frame-short' : 'override';
  return [{ kind: 'override', override }];
}

export class StreamDecoder {
  readonly #frame = new Uint8Array(StreamLayout.header + StreamLayout.payloadMax);
  readonly #dictionary = new ReceiveDictionary();
  /** How much of a frame is there. */
  #filled = 0;
  readonly #item = new StreamItem();
  #greeted = false;
  #refused: StreamRefusal | undefined;

  push(bytes: Uint8Array): Decoded {
    const records: Received[] = [];
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

  #finish(records: Received[]): void {
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
      case StreamType.tables:
        return [{ kind: 'tables', id: readId(reader) }];
      case StreamType.service:
        return this.#dictionary.readService(reader) ?? none;
      case StreamType.destination:
        return this.#dictionary.readDestination(reader) ?? none;
      case StreamType.forget:
        this.#dictionary.clear();
        return none;
      case StreamType.connections:
        return this.#items('connection', false, reader);
      case StreamType.connectionDeletes:
        return this.#items('connection', true, reader);
      case StreamType.templates:
        return this.#items('template', false, reader);
      case StreamType.templateDeletes:
        return this.#items('template', true, reader);
      case StreamType.beat:
        return readBeat(reader);
      case StreamType.ack:
        return [{ kind: 'ack', count: reader.u48() }];
      case StreamType.refused:
        return readRefused(reader);
      case StreamType.again:
        return [{ kind: 'again' }];
      case StreamType.goodbye:
        return readGoodbye(reader);
      case StreamType.digest:
        return readDigest(reader);
      case StreamType.compared:
        return readCompared(reader);
      case StreamType.drain:
        return readDrainRecord(reader);
      case StreamType.override:
        return readOverrideRecord(reader);
      default:
        return 'frame-type';
    }
  }

  /** All of them are read once, so that what is not refused here is never refused later. */
  #items(what: ItemKind, ended: boolean, reader: StreamReader): Answer {
    const sent = reader.u32();
    const bytes = reader.bytes(reader.left);
    const { destinations: dictionary } = this.#dictionary;
    const items = new ItemReader({ what, bytes, dictionary });
    let [count, digest] = [0, 0];
    for (; items.next(this.#item); count++) digest = addDigests(digest, itemHash(what, ended, this.#item));
    if (items.refusal !== undefined) return items.refusal;
    return reader.failed || count === 0 ? 'frame-short' : [{ kind: 'items', what, ended, sent, count, digest, bytes, dictionary }];
  }
}
