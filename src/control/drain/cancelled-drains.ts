// The memory of drains that were cancelled: a peer that was away, and still holds one, must not bring it back, however many others there were since. It travels
// with the drains, so that a director that has lost its record has it again.
import type { CancelledDrain, Drain, DrainRecord } from '../../model/drain/drain.js';
import { CANCELLED_MAX, type PeerDrain } from '../../model/drain/peer-drain.js';
import { REMEMBERED_US, remembered } from './remembered.js';

const MS_US = 1000;

/** Was it cancelled here, or at a peer? */
export const isRemembered = ({ cancelled = [] }: DrainRecord, { uid }: Pick<PeerDrain, 'uid'>): boolean =>
  cancelled.some((one) => one.uid === uid);

function remembering(record: DrainRecord, more: readonly CancelledDrain[], atUs: number): DrainRecord {
  const { cancelled: before = [], ...rest } = record;
  const kept = before.filter(({ untilUs }) => untilUs > atUs);
  if (more.length === 0 && kept.length === before.length) return record;
  const all = remembered([...kept, ...more], CANCELLED_MAX);
  return all.length === 0 ? rest : { ...rest, cancelled: all };
}

const cancelledOf = ({ shared, state, target, startedAt }: Drain, untilUs: number): readonly CancelledDrain[] =>
  shared === undefined || state !== 'cancelled' ? [] : [{ uid: shared.uid, version: shared.version, target, startedAt, untilUs }];

/** What was cancelled in a step. The same object where nothing is new. */
export function withCancelled(record: DrainRecord, atUs: number): DrainRecord {
  const known = new Set((record.cancelled ?? []).map(({ uid }) => uid));
  const all = record.drains.flatMap((drain) => cancelledOf(drain, atUs + REMEMBERED_US));
  return remembering(
    record,
    all.filter(({ uid }) => !known.has(uid)),
    atUs,
  );
}

/** What peers remember, of drains that are not in the record here. */
export function withPeersCancelled(record: DrainRecord, received: readonly PeerDrain[], atUs: number): DrainRecord {
  const known = new Set([...(record.cancelled ?? []), ...record.drains.flatMap(({ shared }) => shared ?? [])].map(({ uid }) => uid));
  const more = received
    .filter(({ uid, state, leftMs }) => state === 'cancelled' && leftMs > 0 && !known.has(uid))
    .slice(-CANCELLED_MAX)
    .map(({ uid, version, target, startedAt, leftMs }) => ({ uid, version, target, startedAt, untilUs: atUs + leftMs * MS_US }));
  return remembering(record, more, atUs);
}
