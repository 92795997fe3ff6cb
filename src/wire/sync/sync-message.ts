// Messages of the kernel's connection synchronisation, one a datagram, as a backup reads them.
//
//     version 1   0               1               2               3
//     +---------------+---------------+---------------+---------------+
//     |       0       |    sync id    |     size of the message       |
//     |    entries    |       1       |               0               |
//     +---------------+---------------+---------------+---------------+   each entry, from a multiple of 4 on
//     | type: 1 = IPv6|   protocol    |version 0| size of the entry   |
//     |                             flags                             |
//     |             state             |         client port           |
//     |         virtual port          |       destination port        |
//     |                         firewall mark                         |
//     |                       timeout in seconds                      |
//     |    client, virtual and destination address: 4 or 16 bytes     |
//     |    options: type, length, data                                |
//     +---------------------------------------------------------------+
//
//     version 0   0               1               2               3
//     +---------------+---------------+---------------+---------------+
//     |    entries    |    sync id    |     size of the message       |
//     +---------------+---------------+---------------+---------------+   each entry
//     |       0       |   protocol    |         client port           |
//     |         virtual port          |       destination port        |
//     |    client, virtual and destination address: 4 bytes           |
//     |             flags             |            state              |
//     |    with sequence flags: 24 bytes in the sender's byte order   |
//     +---------------------------------------------------------------+
import type { Address } from '../../model/address.js';
import { SIP } from '../../model/persistence-engine.js';
import { viewOf } from '../bytes.js';
import {
  connectionStates,
  isTemplate,
  SEQUENCE_FLAGS,
  type SyncEngine,
  type SyncEntry,
  SyncFlag,
  SyncLayout,
  SyncOption,
  type SyncSequence,
  type SyncVersion,
  TEMPLATE_STATES,
} from './sync-entry.js';

/** Why nothing of a message is taken. */
export const MESSAGE_REFUSALS = ['message-short', 'message-size', 'sync-id'] as const;
/** Why nothing is taken from this entry on. */
export const ENTRY_FAULTS = ['entry-beyond-end', 'entry-version', 'entry-type', 'entry-size', 'option-length', 'option-wrong'] as const;
/** Why this entry is not taken; what follows it is. */
export const ENTRY_REFUSALS = [
  'option-unknown',
  'protocol-unknown',
  'state-unknown',
  'one-packet',
  'template-without-client-port',
  'engine-unknown',
] as const;

type EntryFault = (typeof ENTRY_FAULTS)[number];
type EntryRefusal = (typeof ENTRY_REFUSALS)[number];
export type SyncRefusal = (typeof MESSAGE_REFUSALS)[number] | EntryFault | EntryRefusal;

export interface SyncMessage {
  /** Absent where nothing of the message is taken. */
  readonly version?: SyncVersion;
  readonly syncId?: number;
  readonly entries: readonly SyncEntry[];
  /** How often what was refused. */
  readonly refused: ReadonlyMap<SyncRefusal, number>;
  /** How many entries the header counts that a fault made unreadable: the one with it, and all behind it. */
  readonly unread: number;
}

export interface SyncReceiver {
  /** Messages with another one are not for this receiver; 0 takes all. */
  readonly syncId: number;
}

type Mutable<T> = { -readonly [Field in keyof T]: T[Field] };
type Options = Mutable<Pick<SyncEntry, 'sequence' | 'engine'>>;

const none: ReadonlyMap<SyncRefusal, number> = new Map();
const noOptions: Options = {};

const nothing = (reason: SyncRefusal): SyncMessage => ({ entries: [], refused: new Map([[reason, 1]]), unread: 0 });

/** Of version 1 from the fifth byte on; a shorter message has version 0. */
function versionOf(bytes: Uint8Array): SyncVersion {
  return bytes.length >= SyncLayout.headers[1] && bytes[0] === 0 && bytes[5] === 1 && bytes[6] === 0 && bytes[7] === 0 ? 1 : 0;
}

function addressAt(view: DataView, at: number, isInet6: boolean): Address {
  if (!isInet6) return { family: 'inet', words: [view.getUint32(at)] };
  return { family: 'inet6', words: [view.getUint32(at), view.getUint32(at + 4), view.getUint32(at + 8), view.getUint32(at + 12)] };
}

function sequenceAt(view: DataView, at: number, littleEndian: boolean): SyncSequence {
  const shift = (from: number) => ({
    initial: view.getUint32(from, littleEndian),
    delta: view.getUint32(from + 4, littleEndian),
    previousDelta: view.getUint32(from + 8, littleEndian),
  });
  return { in: shift(at), out: shift(at + 12) };
}

/** Why the receiver does not take an entry that is well-formed. */
function refusalOf(entry: SyncEntry): EntryRefusal | undefined {
  const { flags, protocol, state, engine } = entry;
  const template = isTemplate(entry);
  const states = template ? TEMPLATE_STATES : connectionStates(protocol);
  if (states === 0) return 'protocol-unknown';
  if (state >= states) return 'state-unknown';
  if ((flags & SyncFlag.onePacket) !== 0) return 'one-packet';
  if (template && (flags & SyncFlag.noClientPort) !== 0) return 'template-without-client-port';
  return engine === undefined || engine.name === SIP ? undefined : 'engine-unknown';
}

/** Reads one message, and counts what it refuses. */
class Reader {
  readonly #view: DataView;
  readonly #entries: SyncEntry[] = [];
  #refused: Map<SyncRefusal, number> | undefined;

  constructor(readonly bytes: Uint8Array) {
    this.#view = viewOf(bytes);
  }

  message(): SyncMessage {
    const version = versionOf(this.bytes);
    const announced = this.bytes[version === 1 ? 4 : 0] ?? 0;
    const unread = version === 1 ? this.#readNew(announced) : this.#readOld(announced);
    return { version, syncId: this.bytes[1] ?? 0, entries: this.#entries, refused: this.#refused ?? none, unread };
  }

  #refuse(reason: SyncRefusal): void {
    this.#refused ??= new Map();
    this.#refused.set(reason, (this.#refused.get(reason) ?? 0) + 1);
  }

  #take(entry: SyncEntry): void {
    const refusal = refusalOf(entry);
    if (refusal === undefined) this.#entries.push(entry);
    else this.#refuse(refusal);
  }

  /** How many of the entries it could not read. */
  #readOld(announced: number): number {
    const { plainEntry, sequence, headers } = SyncLayout;
    let at: number = headers[0];
    for (let left = announced; left > 0; left--) {
      const flags = at + plainEntry > this.bytes.length ? undefined : this.#view.getUint16(at + 20);
      const size = plainEntry + ((flags ?? 0) & SEQUENCE_FLAGS ? sequence : 0);
      if (flags === undefined || at + size > this.bytes.length) {
        this.#refuse('entry-beyond-end');
        return left;
      }
      this.#take(this.#oldEntry(at, flags));
      at += size;
    }
    return 0;
  }

  #oldEntry(at: number, flags: number): SyncEntry {
    const view = this.#view;
    const entry: Mutable<SyncEntry> = {
      family: 'inet',
      protocol: view.getUint8(at + 1),
      flags,
      state: view.getUint16(at + 22),
      client: { address: addressAt(view, at + 8, false), port: view.getUint16(at + 2) },
      virtual: { address: addressAt(view, at + 12, false), port: view.getUint16(at + 4) },
      destination: { address: addressAt(view, at + 16, false), port: view.getUint16(at + 6) },
      mark: 0,
      timeout: 0,
    };
    // Its byte order is the sender's: little-endian, as this host's.
    if (flags & SEQUENCE_FLAGS) entry.sequence = sequenceAt(view, at + SyncLayout.plainEntry, true);
    return entry;
  }

  /** How many of the entries it could not read. */
  #readNew(announced: number): number {
    let at: number = SyncLayout.headers[1];
    for (let left = announced; left > 0; left--) {
      const fault = this.#faultAt(at);
      const size = fault === undefined ? this.#view.getUint16(at + 2) : 0;
      const options = fault === undefined ? this.#optionsOf(at, at + size) : fault;
      if (options === 'option-unknown') {
        this.#refuse(options);
      } else if (typeof options === 'string') {
        this.#refuse(options);
        return left;
      } else {
        this.#takeNew(at, options);
      }
      at += (size + 3) & ~3;
    }
    return 0;
  }

  /** Why there is no entry, or none that can be read. */
  #faultAt(at: number): EntryFault | undefined {
    const { entry } = SyncLayout;
    const end = this.bytes.length;
    if (at + entry.inet > end) return 'entry-beyond-end';
    const size = this.#view.getUint16(at + 2);
    if (at + (size & 0xfff) > end) return 'entry-beyond-end';
    if (size > 0xfff) return 'entry-version';
    const type = this.#view.getUint8(at);
    if ((type & 1) === 0 && type !== 0) return 'entry-type';
    return size < (type & 1 ? entry.inet6 : entry.inet) ? 'entry-size' : undefined;
  }

  #optionsOf(at: number, end: number): Options | EntryFault | 'option-unknown' {
    const from = at + (this.#view.getUint8(at) & 1 ? SyncLayout.entry.inet6 : SyncLayout.entry.inet);
    return from === end ? noOptions : this.#options(from, end);
  }

  #options(from: number, end: number): Options | EntryFault | 'option-unknown' {
    let sequence: SyncSequence | undefined;
    let data: Uint8Array | undefined;
    let name: Uint8Array | undefined;
    for (let at = from; at < end; ) {
      const [type = 0, length = 0] = [this.bytes[at], this.bytes[at + 1]];
      const start = at + 2;
      at = start + length;
      if (length === 0 || at > end) return 'option-length';
      switch (type & ~SyncOption.mayBeIgnored) {
        case SyncOption.sequence:
          if (length !== SyncLayout.sequence || sequence !== undefined) return 'option-wrong';
          sequence = sequenceAt(this.#view, start, false);
          break;
        case SyncOption.engineData:
          if (data !== undefined) return 'option-wrong';
          data = this.bytes.slice(start, at);
          break;
        case SyncOption.engineName:
          if (length > SyncLayout.engineNameMax || name !== undefined) return 'option-wrong';
          name = this.bytes.subarray(start, at);
          break;
        default:
          if ((type & SyncOption.mayBeIgnored) === 0) return 'option-unknown';
      }
    }
    const engine: SyncEngine | undefined = data && { name: nameOf(name), data };
    return { ...(sequence && { sequence }), ...(engine && { engine }) };
  }

  #takeNew(at: number, options: Options): void {
    const view = this.#view;
    const isInet6 = (view.getUint8(at) & 1) === 1;
    const [virtualAt, destinationAt] = isInet6 ? [at + 40, at + 56] : [at + 28, at + 32];
    const entry: Mutable<SyncEntry> = {
      family: isInet6 ? 'inet6' : 'inet',
      protocol: view.getUint8(at + 1),
      flags: view.getUint32(at + 4),
      state: view.getUint16(at + 8),
      client: { address: addressAt(view, at + 24, isInet6), port: view.getUint16(at + 10) },
      virtual: { address: addressAt(view, virtualAt, isInet6), port: view.getUint16(at + 12) },
      destination: { address: addressAt(view, destinationAt, isInet6), port: view.getUint16(at + 14) },
      mark: view.getUint32(at + 16),
      timeout: view.getUint32(at + 20),
    };
    if (options.sequence !== undefined) entry.sequence = options.sequence;
    if (options.engine !== undefined) entry.engine = options.engine;
    this.#take(entry);
  }
}

/** An engine's name up to the first NUL; none: it has no name. */
const nameOf = (bytes: Uint8Array = new Uint8Array()): string => String.fromCharCode(...bytes).split('\0', 1)[0] ?? '';

/** What a backup takes of one datagram. Any bytes have an answer. */
export function decodeSyncMessage(bytes: Uint8Array, receiver: SyncReceiver): SyncMessage {
  if (bytes.length < SyncLayout.headers[0]) return nothing('message-short');
  const [, syncId = 0, high = 0, low = 0] = bytes;
  if (((high << 8) | low) !== bytes.length) return nothing('message-size');
  if (receiver.syncId !== 0 && receiver.syncId !== syncId) return nothing('sync-id');
  return new Reader(bytes).message();
}
