// Puts entries of connection synchronisation into messages, as a master sends them: many in one datagram.
import type { Address } from '../../model/address.js';
import { bytesOfText, viewOf } from '../bytes.js';
import {
  SEQUENCE_FLAGS,
  type SequenceShift,
  type SyncEngine,
  type SyncEntry,
  SyncFlag,
  SyncLayout,
  SyncOption,
  type SyncSequence,
  type SyncVersion,
} from './sync-entry.js';

export interface SyncSender {
  readonly version: SyncVersion;
  /** 0 to 255. */
  readonly syncId: number;
  /** Bytes of a message, of which a single large entry may take more. */
  readonly maxLength: number;
}

const LENGTH_MAX = 0xffff;
const noShift: SequenceShift = { initial: 0, delta: 0, previousDelta: 0 };
const noSequence: SyncSequence = { in: noShift, out: noShift };

const optionBytes = (length: number): number => length + 2;

/** The largest entry: of IPv6, with all options. */
const ENTRY_MAX =
  SyncLayout.entry.inet6 + optionBytes(SyncLayout.sequence) + optionBytes(SyncLayout.engineDataMax) + optionBytes(SyncLayout.engineNameMax);

/** Connections of one packet are never announced; version 0 has no IPv6, and no calls: a template without its call would be that of all calls. */
const isCarried = ({ family, flags, engine }: SyncEntry, version: SyncVersion): boolean =>
  (flags & SyncFlag.onePacket) === 0 && (version === 1 || (family === 'inet' && engine === undefined));

function checkEngine({ name, data }: SyncEngine): void {
  const { engineNameMax, engineDataMax } = SyncLayout;
  if (name.length === 0 || name.length > engineNameMax || !/^[\x20-\x7e]*$/.test(name)) throw new RangeError(`no engine's name: ${name}`);
  if (data.length === 0 || data.length > engineDataMax)
    throw new RangeError(`an engine's data has 1 to ${engineDataMax} bytes, not ${data.length}`);
}

function lengthOf({ family, flags, sequence, engine }: SyncEntry, version: SyncVersion): number {
  if (version === 0) return SyncLayout.plainEntry + (flags & SEQUENCE_FLAGS ? SyncLayout.sequence : 0);
  const options =
    (sequence === undefined ? 0 : optionBytes(SyncLayout.sequence)) +
    (engine === undefined ? 0 : optionBytes(engine.data.length) + optionBytes(engine.name.length));
  return SyncLayout.entry[family] + options;
}

function writeAddress(view: DataView, at: number, { words }: Address): number {
  for (let index = 0; index < words.length; index++) view.setUint32(at + 4 * index, words[index] ?? 0);
  return at + 4 * words.length;
}

/** `littleEndian`: version 0 has the sender's byte order, which is that of all hosts that weir runs on. */
function writeSequence(view: DataView, at: number, sequence: SyncSequence, littleEndian: boolean): number {
  let next = at;
  for (const { initial, delta, previousDelta } of [sequence.in, sequence.out]) {
    view.setUint32(next, initial, littleEndian);
    view.setUint32(next + 4, delta, littleEndian);
    view.setUint32(next + 8, previousDelta, littleEndian);
    next += 12;
  }
  return next;
}

/** One message after the other, each handed to `send` when it is full, or at `flush`. */
export class SyncPacker {
  readonly #buffer: Uint8Array;
  readonly #view: DataView;
  /** Where the next entry begins, but for its padding; 0: there is no message. */
  #end = 0;
  #count = 0;

  constructor(
    readonly sender: SyncSender,
    readonly send: (message: Uint8Array) => void,
  ) {
    const { maxLength } = sender;
    if (!(maxLength >= 1 && maxLength <= LENGTH_MAX)) throw new RangeError(`a message has 1 to ${LENGTH_MAX} bytes, not ${maxLength}`);
    this.#buffer = new Uint8Array(Math.max(maxLength, SyncLayout.headers[1] + ENTRY_MAX));
    this.#view = viewOf(this.#buffer);
  }

  /** How many entries wait for `flush`, or for more entries. */
  get waiting(): number {
    return this.#count;
  }

  /** False: this version does not carry such an entry. @throws RangeError for what no entry can have */
  append(entry: SyncEntry): boolean {
    const { version, maxLength } = this.sender;
    if (!isCarried(entry, version)) return false;
    if (version === 1 && entry.engine !== undefined) checkEngine(entry.engine);
    const length = lengthOf(entry, version);
    if (this.#count === SyncLayout.entriesMax || (this.#count > 0 && this.#next() + length > maxLength)) this.flush();
    if (this.#count === 0) this.#end = SyncLayout.headers[version];
    this.#pad();
    if (version === 1) this.#writeNew(entry, this.#end, length);
    else this.#writeOld(entry, this.#end);
    this.#end += length;
    this.#count += 1;
    return true;
  }

  /** Sends what waits, if anything does. */
  flush(): void {
    if (this.#count === 0) return;
    const { version, syncId } = this.sender;
    const message = this.#buffer.slice(0, this.#end);
    message.set(version === 1 ? [0, syncId, 0, 0, this.#count, 1, 0, 0] : [this.#count, syncId]);
    viewOf(message).setUint16(2, this.#end);
    this.#count = 0;
    this.send(message);
  }

  #next(): number {
    return (this.#end + 3) & ~3;
  }

  #pad(): void {
    const next = this.#next();
    this.#buffer.fill(0, this.#end, next);
    this.#end = next;
  }

  #writeOld(entry: SyncEntry, at: number): void {
    const view = this.#view;
    view.setUint8(at, 0);
    view.setUint8(at + 1, entry.protocol);
    view.setUint16(at + 2, entry.client.port);
    view.setUint16(at + 4, entry.virtual.port);
    view.setUint16(at + 6, entry.destination.port);
    this.#writeAddresses(entry, at + 8);
    view.setUint16(at + 20, entry.flags);
    view.setUint16(at + 22, entry.state);
    if (entry.flags & SEQUENCE_FLAGS) writeSequence(view, at + SyncLayout.plainEntry, entry.sequence ?? noSequence, true);
  }

  #writeNew(entry: SyncEntry, at: number, length: number): void {
    const view = this.#view;
    view.setUint8(at, entry.family === 'inet6' ? 1 : 0);
    view.setUint8(at + 1, entry.protocol);
    view.setUint16(at + 2, length);
    view.setUint32(at + 4, entry.flags);
    view.setUint16(at + 8, entry.state);
    view.setUint16(at + 10, entry.client.port);
    view.setUint16(at + 12, entry.virtual.port);
    view.setUint16(at + 14, entry.destination.port);
    view.setUint32(at + 16, entry.mark);
    view.setUint32(at + 20, entry.timeout);
    const options = this.#writeAddresses(entry, at + 24);
    if (entry.sequence !== undefined || entry.engine !== undefined) this.#writeOptions(entry, options);
  }

  #writeAddresses({ client, virtual, destination }: SyncEntry, at: number): number {
    const view = this.#view;
    return writeAddress(view, writeAddress(view, writeAddress(view, at, client.address), virtual.address), destination.address);
  }

  #writeOptions({ sequence, engine }: SyncEntry, from: number): void {
    let at = from;
    if (sequence !== undefined) {
      this.#writeOption(at, SyncOption.sequence, SyncLayout.sequence);
      at = writeSequence(this.#view, at + 2, sequence, false);
    }
    if (engine === undefined) return;
    const name = bytesOfText(engine.name);
    for (const [type, data] of [
      [SyncOption.engineData, engine.data],
      [SyncOption.engineName, name],
    ] as const) {
      this.#writeOption(at, type, data.length);
      this.#buffer.set(data, at + 2);
      at += optionBytes(data.length);
    }
  }

  #writeOption(at: number, type: number, length: number): void {
    this.#buffer[at] = type;
    this.#buffer[at + 1] = length;
  }
}
