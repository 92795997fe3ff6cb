// An override in weir's own stream:
//
//     version (4) · state (1): 0 taken away · weight (4): 0xffffffff none · milliseconds left (4): 0xffffffff no end
//     target: length (1), text · since: length (1), text · owner: length (2), UTF-8 · reason: length (2), UTF-8
import { ADMIN_STATES } from '../../model/drain/override.js';
import type { PeerOverride } from '../../model/drain/peer-override.js';
import type { StreamReader, StreamWriter } from './stream-bytes.js';
import { readMoment, readTarget, writeText } from './stream-drain.js';
import { StreamLayout } from './stream-record.js';

const NONE = 0xffff_ffff;
const MS_MAX = StreamLayout.secondsMax * 1000;
const WEIGHT_MAX = 65_535;
/** Bytes of an owner or a reason: 200 characters of a reason have 800 at most. */
const TEXT_MAX = 1024;
const CONTROL = /\p{Cc}/u;
const CONTROLS = /\p{Cc}/gu;

function writeLong(writer: StreamWriter, text: string): void {
  const line = text.replace(CONTROLS, ' ');
  const bytes = new TextEncoder().encode(line);
  const whole = bytes.length <= TEXT_MAX ? bytes : new TextEncoder().encode(line.slice(0, TEXT_MAX / 4));
  writer.u16(whole.length);
  writer.bytes(whole);
}

export function writeOverride(writer: StreamWriter, { target, version, leftMs, override }: PeerOverride): void {
  writer.u32(version);
  writer.u8(override === null ? 0 : 1 + ADMIN_STATES.indexOf(override.state));
  writer.u32(override?.weight ?? NONE);
  writer.u32(leftMs === null ? NONE : Math.min(leftMs, MS_MAX));
  writeText(writer, target);
  writeText(writer, override?.since ?? '');
  writeLong(writer, override?.owner ?? '');
  writeLong(writer, override?.reason ?? '');
}

/** On one line; undefined: it is none. */
function readLong(reader: StreamReader): string | undefined {
  const bytes = reader.bytes(Math.min(reader.u16(), TEXT_MAX + 1));
  if (bytes.length > TEXT_MAX) return undefined;
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    return CONTROL.test(text) ? undefined : text;
  } catch {
    return undefined; // no UTF-8
  }
}

/** undefined: it is none; where bytes are missing the reader has failed. */
export function readOverride(reader: StreamReader): PeerOverride | undefined {
  const [version, number, weight, left] = [reader.u32(), reader.u8(), reader.u32(), reader.u32()];
  const target = readTarget(reader);
  const since = readMoment(reader, number === 0);
  const [owner, reason] = [readLong(reader), readLong(reader)];
  if (version === 0 || number > ADMIN_STATES.length || (left > MS_MAX && left !== NONE)) return undefined;
  if (target === undefined || since === undefined || owner === undefined || reason === undefined) return undefined;
  const leftMs = left === NONE ? null : left;
  const state = ADMIN_STATES[number - 1];
  if (state === undefined) {
    const isBare = weight === NONE && left !== NONE && owner === '' && reason === '';
    return isBare ? { target, version, leftMs, override: null } : undefined;
  }
  if ((state === 'ready') === (weight === NONE) || (weight > WEIGHT_MAX && weight !== NONE)) return undefined;
  return { target, version, leftMs, override: { state, weight: weight === NONE ? null : weight, reason, owner, since } };
}
