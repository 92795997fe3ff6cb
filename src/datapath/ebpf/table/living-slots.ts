// The slots of the connection tables as 32-bit words: each connection that is alive, whole, by the rules of abi.h, with what stands beside its slot.
import type { DestinationKey } from '../../../model/service.js';
import { Records } from '../../../sys/bpf/records.js';
import { swap16 } from '../../../wire/bytes.js';
import { Abi, ConnSlot } from '../abi.gen.js';
import { WideTuple } from '../wide.gen.js';
import { Wide6Rest } from '../wide6.gen.js';
import { destBefore, slotFromBefore } from './before.js';
import { clockDifference } from './clock.js';
import type { OriginKey } from './origins.js';
import { modelAddress } from './record-address.js';
import {
  type ConnectionWords,
  IPV6_PINS,
  SCTP_PINS,
  SCTP6_PINS,
  TABLE_PIN,
  type Tables,
  WIDE_PINS,
  WIDE_SCTP_PINS,
  WIDE_SCTP6_PINS,
  WIDE6_PINS,
} from './tables.js';

/** A connection as 32-bit words. */
export const [SLOT_WORDS, KEY_WORD, VALUE_WORD] = [ConnSlot.bytes / 4, ConnSlot.key.at / 4, ConnSlot.value.at / 4];

/** The destination in the upper half of a value; 0: the slot is free. */
export const destOf = (valueHigh: number): number => (valueHigh >>> (Abi.V_DEST_SHIFT - 32)) & Abi.V_DEST_MASK;

/** The destination in the upper half of a value. */
const destIn = (before: boolean): ((valueHigh: number) => number) => (before ? destBefore : destOf);

/** Slots of a table that are not free. `bucketWords`: how many a bucket has. */
export function countTaken({ words, before }: ConnectionWords, bucketWords: number): number {
  const dest = destIn(before);
  let count = 0;
  for (let bucket = 0; bucket < words.length; bucket += bucketWords)
    for (let k = 0; k < Abi.BUCKET_SLOTS; k++) if (dest(words[bucket + k * SLOT_WORDS + VALUE_WORD + 1] ?? 0) !== 0) count += 1;
  return count;
}

/** One slot, whole, by the rule of abi.h: key, value, key. undefined: it is free, or was taken by another connection meanwhile. */
function readSlot({ words, before }: ConnectionWords, at: number): readonly [number, number, number, number] | undefined {
  const key = (half: 0 | 1): number => Atomics.load(words, at + KEY_WORD + half);
  const value = (half: 0 | 1): number => Atomics.load(words, at + VALUE_WORD + half);
  const [keyLow, keyHigh] = [key(0), key(1)];
  for (;;) {
    const valueHigh = value(1);
    const dest = destIn(before)(valueHigh);
    if (dest === 0 || dest === Abi.CLAIMED) return undefined;
    const valueLow = value(0);
    if (key(0) !== keyLow || key(1) !== keyHigh) return undefined;
    if (value(1) !== valueHigh) continue;
    return before ? slotFromBefore([keyLow, keyHigh, valueLow, valueHigh]) : [keyLow, keyHigh, valueLow, valueHigh];
  }
}

/**
 * The words beside a slot, four from each of the bucket's further lines: of an IPv6 connection its client's address, of a service of all ports'
 * a WideTuple, of an IPv6 one the client's address, the virtual one and a Wide6Rest.
 */
export interface Beside {
  readonly what: 'client' | 'tuple' | 'client and tuple';
  readonly words: readonly number[];
}

/** How many further lines there are. */
export const LINES_BESIDE: Readonly<Record<Beside['what'], number>> = { client: 1, tuple: 1, 'client and tuple': 3 };

/** A slot that names a connection: its words, and what is beside it. */
export type TakenSlot = readonly [...NonNullable<ReturnType<typeof readSlot>>, beside?: Beside];

const LINE_WORDS = Abi.BUCKET_SLOTS * SLOT_WORDS;

/** One slot, whole, of a table whose buckets have further lines. undefined: as readSlot(). */
function readSlotBeside(table: ConnectionWords, bucket: number, k: number, what: Beside['what']): TakenSlot | undefined {
  for (;;) {
    const before = readSlot(table, bucket + k * SLOT_WORDS);
    const words = Array.from({ length: LINES_BESIDE[what] * SLOT_WORDS }, (_, word) => {
      const [line, at] = [1 + Math.floor(word / SLOT_WORDS), word % SLOT_WORDS];
      return Atomics.load(table.words, bucket + line * LINE_WORDS + k * SLOT_WORDS + at);
    });
    const after = readSlot(table, bucket + k * SLOT_WORDS);
    if (before === undefined || after === undefined) return undefined;
    // Another connection in the same slot has another key, or was made later.
    if (before.every((word, i) => word === after[i])) return [...before, { what, words }];
  }
}

/** After so many slots, whether they are free or not, `undefined` is yielded: who has other work may do it then. */
const PAUSE_SLOTS = 16_384;

function* livingSlotsBeside(table: ConnectionWords, now: number, what: Beside['what']): Generator<TakenSlot | undefined> {
  const { words, before } = table;
  const dest = destIn(before);
  const bucketWords = (1 + LINES_BESIDE[what]) * LINE_WORDS;
  const pauseWords = (PAUSE_SLOTS / Abi.BUCKET_SLOTS) * bucketWords;
  for (let bucket = 0; bucket < words.length; bucket += bucketWords) {
    if (bucket % pauseWords === 0) yield undefined;
    for (let k = 0; k < Abi.BUCKET_SLOTS; k++) {
      if (dest(words[bucket + k * SLOT_WORDS + VALUE_WORD + 1] ?? 0) === 0) continue;
      const slot = readSlotBeside(table, bucket, k, what);
      if (slot !== undefined && clockDifference(slot[2], now) >= 0) yield slot;
    }
  }
}

const TUPLE = new Records(new ArrayBuffer(WideTuple.bytes), WideTuple.bytes);

export interface Tuple {
  readonly protocol: number;
  readonly virtual: DestinationKey;
  readonly serverPort: number;
}

function tupleOf(words: readonly number[]): Tuple {
  new Uint32Array(TUPLE.memory).set(words);
  const port = (field: typeof WideTuple.vport | typeof WideTuple.dport): number => swap16(TUPLE.get(0, field));
  return {
    protocol: TUPLE.get(0, WideTuple.protocol),
    virtual: { address: modelAddress(TUPLE.get(0, WideTuple.vaddr)), port: port(WideTuple.vport) },
    serverPort: port(WideTuple.dport),
  };
}

const REST = new Records(new ArrayBuffer(Wide6Rest.bytes), Wide6Rest.bytes);

/** The words behind the client's. */
function tuple6Of(words: readonly number[]): Tuple {
  new Uint32Array(REST.memory).set(words.slice(4));
  return {
    protocol: REST.get(0, Wide6Rest.protocol),
    virtual: { address: modelAddress(...words.slice(0, 4)), port: swap16(REST.get(0, Wide6Rest.vport)) },
    serverPort: swap16(REST.get(0, Wide6Rest.dport)),
  };
}

function ownOf(beside: Beside | undefined): Tuple | undefined {
  if (beside?.what === 'tuple') return tupleOf(beside.words);
  return beside?.what === 'client and tuple' ? tuple6Of(beside.words.slice(4)) : undefined;
}

/** The living connections of a table whose buckets have one line. */
function* livingSlotsAlone(table: ConnectionWords, now: number): Generator<TakenSlot | undefined> {
  const { words, before } = table;
  const dest = destIn(before);
  for (let at = 0; at < words.length; at += SLOT_WORDS) {
    if (at % (PAUSE_SLOTS * SLOT_WORDS) === 0) yield undefined;
    if (dest(words[at + VALUE_WORD + 1] ?? 0) === 0) continue; // as most are
    const slot = readSlot(table, at);
    if (slot !== undefined && clockDifference(slot[2], now) >= 0) yield slot;
  }
}

/** By what a connection differs from all others of its table. */
function identityOf([keyLow, keyHigh, , , beside]: TakenSlot): bigint | string {
  return beside === undefined ? (BigInt(keyHigh) << 32n) | BigInt(keyLow) : [keyLow, keyHigh, ...beside.words].join(' ');
}

/** The slots of one table, or of two while connections move from the first to the second: each connection once. */
function* eachOnce<T>(found: readonly T[], slotsIn: (table: T) => Iterable<TakenSlot | undefined>): Generator<TakenSlot | undefined> {
  const seen = new Set<bigint | string>();
  for (const table of found) {
    for (const slot of slotsIn(table)) {
      if (found.length > 1 && slot !== undefined) {
        const identity = identityOf(slot);
        if (seen.has(identity)) continue; // it moved
        seen.add(identity);
      }
      yield slot;
    }
  }
}

/** What the tables of the builds beside the links' have beside a slot. */
export const SIDE_TABLES = [
  [SCTP_PINS, undefined],
  [IPV6_PINS, 'client'],
  [SCTP6_PINS, 'client'],
  [WIDE_PINS, 'tuple'],
  [WIDE_SCTP_PINS, 'tuple'],
  [WIDE6_PINS, 'client and tuple'],
  [WIDE_SCTP6_PINS, 'client and tuple'],
] as const;

const slotsOf = (what: Beside['what'] | undefined, now: number): ((table: ConnectionWords) => Iterable<TakenSlot | undefined>) =>
  what === undefined ? (table) => livingSlotsAlone(table, now) : (table) => livingSlotsBeside(table, now, what);

/** The living connections of all tables, each once. */
export function* livingSlots(tables: Tables, now: number): Generator<TakenSlot> {
  for (const slot of pacedSlots(tables, now)) if (slot !== undefined) yield slot;
}

function* pacedSlots(tables: Tables, now: number): Generator<TakenSlot | undefined> {
  yield* eachOnce(tables.conns(), slotsOf(undefined, now));
  for (const [pins, what] of SIDE_TABLES) yield* eachOnce(tables.sideConns(pins), slotsOf(what, now));
}

/** How many connections are alive at `now` in one table, or in the two that it has while it moves. */
export function countLiving(found: readonly ConnectionWords[], what: Beside['what'] | undefined, now: number): number {
  let count = 0;
  for (const slot of eachOnce(found, slotsOf(what, now))) if (slot !== undefined) count += 1;
  return count;
}

/** One connection as its slot has it. `service`, `dest`: their records. */
export interface SlotConnection extends OriginKey {
  readonly service: number;
  readonly dest: number;
  /** Packet order: one word, of IPv6 four. */
  readonly client: readonly number[];
  readonly port: number;
  /** Of a service of all ports. */
  readonly own: Tuple | undefined;
  readonly method: number;
  readonly state: number;
  readonly inactive: boolean;
  readonly noOutput: boolean;
  readonly proven: boolean;
  /** By the datapath's clock. */
  readonly expires: number;
}

const inUpperHalf = (shift: number): number => shift - 32;
/** A flag of a value in the upper one of its two words. */
export const upperHalf = (flag: number | bigint): number => Number(BigInt(flag) >> 32n);
export const NO_OUTPUT = upperHalf(Abi.V_NOOUTPUT);
export const PROVEN = upperHalf(Abi.V_PROVEN);
const INACTIVE = upperHalf(Abi.V_INACTIVE);

export function connectionOf([keyLow, keyHigh, expires, high, beside]: TakenSlot): SlotConnection {
  return {
    keyLow,
    keyHigh,
    service: keyHigh >>> inUpperHalf(Abi.K_SERVICE_SHIFT),
    dest: destOf(high),
    client: beside === undefined || beside.what === 'tuple' ? [keyLow] : beside.words.slice(0, 4),
    port: swap16(keyHigh & 0xffff),
    own: ownOf(beside),
    method: (high >>> inUpperHalf(Abi.V_METHOD_SHIFT)) & 3,
    state: (high >>> inUpperHalf(Abi.V_STATE_SHIFT)) & 15,
    inactive: (high & INACTIVE) !== 0,
    noOutput: (high & NO_OUTPUT) !== 0,
    proven: (high & PROVEN) !== 0,
    expires,
  };
}

/** The connections of all tables that are alive at `now`, each once. */
export function* livingConnections(tables: Tables, now: number): Generator<SlotConnection> {
  for (const slot of livingSlots(tables, now)) yield connectionOf(slot);
}

/** As livingConnections(), with an `undefined` between them after every PAUSE_SLOTS slots. */
export function* pacedConnections(tables: Tables, now: number): Generator<SlotConnection | undefined> {
  for (const slot of pacedSlots(tables, now)) yield slot && connectionOf(slot);
}

/** The connection in a slot of a bucket; undefined: it is free, or was taken by another one meanwhile. */
function connectionAt(table: ConnectionWords, what: Beside['what'] | undefined, bucket: number, k: number): SlotConnection | undefined {
  const at = bucket * (1 + (what === undefined ? 0 : LINES_BESIDE[what])) * LINE_WORDS;
  const alone = (): TakenSlot | undefined => readSlot(table, at + k * SLOT_WORDS);
  const slot = what === undefined ? alone() : readSlotBeside(table, at, k, what);
  return slot && connectionOf(slot);
}

/** A table's connections that are alive at `now` in some of its buckets: how many slots it has passed by, and the connection. */
export function* connectionsInBuckets(
  table: ConnectionWords,
  what: Beside['what'] | undefined,
  buckets: readonly number[],
  now: number,
): Generator<readonly [number, SlotConnection]> {
  for (const [index, bucket] of buckets.entries()) {
    for (let k = 0; k < Abi.BUCKET_SLOTS; k++) {
      const connection = connectionAt(table, what, bucket, k);
      if (connection !== undefined && clockDifference(connection.expires, now) >= 0) yield [index * Abi.BUCKET_SLOTS + k, connection];
    }
  }
}

/** How many buckets a table has. */
export const bucketCount = ({ words }: ConnectionWords, what: Beside['what'] | undefined): number =>
  words.length / ((1 + (what === undefined ? 0 : LINES_BESIDE[what])) * LINE_WORDS);

/**
 * As livingConnections(), each with the pin of its table and its slot there; of a table that moves to another one no slot lasts, and it is -1.
 */
export function* placedConnections(tables: Tables, now: number): Generator<readonly [string, number, SlotConnection]> {
  yield* placedIn(TABLE_PIN, tables.conns(), undefined, now);
  for (const [pins, what] of SIDE_TABLES) yield* placedIn(pins.conns, tables.sideConns(pins), what, now);
}

function* placedIn(
  pin: string,
  found: readonly ConnectionWords[],
  what: Beside['what'] | undefined,
  now: number,
): Generator<readonly [string, number, SlotConnection]> {
  const [table] = found;
  if (table === undefined) return;
  if (found.length > 1) {
    for (const slot of eachOnce(found, slotsOf(what, now))) if (slot !== undefined) yield [pin, -1, connectionOf(slot)];
    return;
  }
  const buckets = Array.from({ length: bucketCount(table, what) }, (_, bucket) => bucket);
  for (const [slot, connection] of connectionsInBuckets(table, what, buckets, now)) yield [pin, slot, connection];
}
