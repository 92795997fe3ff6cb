// A drain in weir's own stream:
//
//     uid (8) · version (4) · state (1) · persistence (1) · end (1) · flags (1): 1 released
//     milliseconds: age (4) · left (4) · honour left (4) · settle (4) · idle (4) · slow start left (4)
//     begun: length (1), text · target: length (1), text · how many go with it (2) · each: length (1), text
import type { DrainEnd, DrainPersistence, DrainState } from '../../model/drain/drain.js';
import { drainTargetWord, parseDrainTarget } from '../../model/drain/drain-target.js';
import type { PeerDrain } from '../../model/drain/peer-drain.js';
import type { StreamReader, StreamWriter } from './stream-bytes.js';
import { StreamLayout } from './stream-record.js';

/** In the order of their numbers. */
const STATES: readonly DrainState[] = ['draining', 'empty', 'deadline', 'cancelled'];
const PERSISTENCES: readonly DrainPersistence[] = ['honour', 'release'];
const ENDS: readonly DrainEnd[] = ['keep', 'remove', 'reset'];
const RELEASED = 1;

const SECOND_MS = 1000;
const MS_MAX = StreamLayout.secondsMax * SECOND_MS;
/** Those that go with it and do not fit are found by the receiver in its own table. */
const ALSO_MAX = 64;
const STARTED = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/;
const U32_MAX = 0xffff_ffff;

const hex = (word: number): string => word.toString(16).padStart(8, '0');

export function writeText(writer: StreamWriter, text: string): void {
  const bytes = new TextEncoder().encode(text);
  writer.u8(bytes.length);
  writer.bytes(bytes);
}

export function writeDrain(writer: StreamWriter, drain: PeerDrain): void {
  const { uid, version, state, persistence, end, released, startedAt, target } = drain;
  for (let at = 0; at < 16; at += 8) writer.u32(Number.parseInt(uid.slice(at, at + 8), 16));
  writer.u32(version);
  writer.u8(STATES.indexOf(state));
  writer.u8(PERSISTENCES.indexOf(persistence));
  writer.u8(ENDS.indexOf(end));
  writer.u8(released ? RELEASED : 0);
  writer.u32(Math.min(drain.ageMs, U32_MAX));
  for (const ms of [drain.leftMs, drain.honourLeftMs, drain.settleMs, drain.idleMs, drain.slowStartLeftMs])
    writer.u32(Math.min(ms, MS_MAX));
  writeText(writer, startedAt);
  writeText(writer, target);
  const also = drain.also.slice(0, ALSO_MAX);
  writer.u16(also.length);
  for (const word of also) writeText(writer, word);
}

/** `isAbsent`: none is to be there. undefined: it is none. */
export function readMoment(reader: StreamReader, isAbsent: boolean): string | undefined {
  const text = readText(reader);
  return (isAbsent ? text === '' : STARTED.test(text)) ? text : undefined;
}

const readText = (reader: StreamReader): string => String.fromCharCode(...reader.bytes(reader.u8()));

/** As drainTargetWord has it, and of no director; undefined: it is none. */
export function readTarget(reader: StreamReader): string | undefined {
  const text = readText(reader);
  const target = parseDrainTarget(text);
  return target === undefined || target.kind === 'director' || drainTargetWord(target) !== text ? undefined : text;
}

/** undefined: it is none; where bytes are missing the reader has failed. */
export function readDrain(reader: StreamReader): PeerDrain | undefined {
  const uid = hex(reader.u32()) + hex(reader.u32());
  const version = reader.u32();
  const [state, persistence, end] = [STATES[reader.u8()], PERSISTENCES[reader.u8()], ENDS[reader.u8()]];
  const flags = reader.u8();
  const ageMs = reader.u32();
  const [leftMs, honourLeftMs, settleMs, idleMs, slowStartLeftMs] = [reader.u32(), reader.u32(), reader.u32(), reader.u32(), reader.u32()];
  const startedAt = readText(reader);
  const target = readTarget(reader);
  const count = reader.u16();
  if (count > ALSO_MAX) return undefined;
  const also = Array.from({ length: count }, () => readTarget(reader));
  const isKnown = state !== undefined && persistence !== undefined && end !== undefined && target !== undefined;
  const isBounded = Math.max(leftMs, honourLeftMs, settleMs, idleMs, slowStartLeftMs) <= MS_MAX && STARTED.test(startedAt);
  if (!isKnown || !isBounded || (flags & ~RELEASED) !== 0 || also.includes(undefined)) return undefined;
  const words = also.filter((word) => word !== undefined);
  const times = { ageMs, leftMs, honourLeftMs, settleMs, idleMs, slowStartLeftMs };
  return { uid, version, target, also: words, persistence, end, state, startedAt, released: flags === RELEASED, ...times };
}
