// What peers of weir's own stream have of drains, into the record here: each director holds the servers, counts its own connections, and ends the drain by
// itself, so that it goes on where another one is gone. What operators do to it, at whatever director, counts at all of them.
import { beforeFirstLook, type Drain, type DrainRecord, type DrainShare } from '../../model/drain/drain.js';
import { drainTargetWord, parseDrainTarget } from '../../model/drain/drain-target.js';
import { PEER_DRAINS_MAX, type PeerDrain } from '../../model/drain/peer-drain.js';
import { isRemembered, withPeersCancelled } from './cancelled-drains.js';
import { groupTargets } from './check-drain.js';
import { cancelled, eventOf, moved } from './drain-ends.js';
import { withEmptied } from './emptied.js';
import type { DrainEffect, DrainInput, DrainView } from './messages.js';
import { nextVersion, receivedVersion } from './version.js';

const MS_US = 1000;
const SECOND_MS = 1000;
/** It is known a second later that a session has begun, and that its connections are not here yet. */
const SETTLE_MIN_S = 3;

const sharedOf = ({ uid, version }: PeerDrain): DrainShare => ({ uid, version: receivedVersion(version) });

function adopted(received: PeerDrain, number: number, view: DrainView, atUs: number): Drain {
  const target = parseDrainTarget(received.target);
  const group = target === undefined ? [] : groupTargets(target, view).map(drainTargetWord);
  const deadlineUs = atUs + received.leftMs * MS_US;
  const isOver = received.state !== 'draining';
  return {
    shared: { ...sharedOf(received), adopted: true },
    id: `d${number}`,
    target: received.target,
    also: [...new Set([...received.also, ...group])],
    persistence: received.persistence,
    end: received.end,
    state: received.state,
    startedAt: received.startedAt,
    startedUs: atUs - received.ageMs * MS_US,
    deadlineUs,
    persistenceDeadlineUs: Math.min(deadlineUs, atUs + received.honourLeftMs * MS_US),
    settleS: Math.max(SETTLE_MIN_S, received.settleMs / SECOND_MS),
    idleS: received.idleMs / SECOND_MS,
    released: received.released,
    ...beforeFirstLook(atUs),
    endedUs: isOver ? atUs : null,
    endDone: true,
  };
}

/** What the time on the way and the rounding of times may make of one deadline. */
const SAME_DEADLINE_US = 1_000_000;

/** At the same version, as both sides of a cut may have it, the earlier deadline counts: the time on the way only makes it later. */
function isLater(received: PeerDrain, { state, deadlineUs, shared }: Drain, atUs: number): boolean {
  const version = shared?.version ?? 0;
  if (received.version !== version) return received.version > version;
  return state === 'draining' && received.state === 'draining' && atUs + received.leftMs * MS_US < deadlineUs - SAME_DEADLINE_US;
}

/** A cancelling is for good; before it the last word of an operator counts. */
function supersedes(received: PeerDrain, own: Drain, atUs: number): boolean {
  if (own.state === 'cancelled') return received.state === 'cancelled' && isLater(received, own, atUs) && own.slowStart !== undefined;
  return received.state === 'cancelled' || isLater(received, own, atUs);
}

function updated(own: Drain, received: PeerDrain, atUs: number, effects: DrainEffect[]): Drain {
  const after =
    received.state === 'cancelled'
      ? cancelled(own, Math.ceil(received.slowStartLeftMs / SECOND_MS), atUs, effects)
      : moved(own, received.leftMs / SECOND_MS, atUs, effects);
  const { version } = sharedOf(received);
  return after.shared === undefined ? after : { ...after, shared: { ...after.shared, version } };
}

interface SharedDrain extends Drain {
  readonly shared: DrainShare;
}

const holdsForAll = (drain: Drain): drain is SharedDrain => drain.shared !== undefined && drain.holds && drain.state !== 'cancelled';

/** The last word of an operator about the deadline of any of them; at the same version the earlier one, as of one drain. */
const lastWord = (drains: readonly SharedDrain[]): SharedDrain | undefined =>
  drains
    .filter(({ state }) => state === 'draining')
    .toSorted((a, b) => b.shared.version - a.shared.version || a.deadlineUs - b.deadlineUs)[0];

/** `first` as what `kept` asks for; how far it is at this director stays. */
function joined(first: SharedDrain, kept: SharedDrain, same: readonly SharedDrain[], atUs: number, effects: DrainEffect[]): Drain {
  const { persistence, end, settleS, idleS, deadlineUs, persistenceDeadlineUs } = kept;
  const released = first.released || persistence === 'release';
  const asked = { ...first, persistence, end, settleS, idleS, deadlineUs, persistenceDeadlineUs, released };
  const last = lastWord(same);
  const leftS = Math.max(0, (last?.deadlineUs ?? deadlineUs) - atUs) / (SECOND_MS * MS_US);
  const after = last === undefined || last === kept ? asked : moved(asked, leftS, atUs, effects);
  const version = Math.max(...same.map(({ shared }) => shared.version));
  return { ...after, shared: { uid: kept.shared.uid, version, adopted: true } };
}

/**
 * Of one target, begun at two directors before either drain had travelled, all keep that of the smaller uid. Who began one here goes on with the id
 * they know; the other is cancelled, so that it is over wherever it has come.
 */
function settled(record: DrainRecord, atUs: number, effects: DrainEffect[]): DrainRecord {
  let { drains } = record;
  for (const { target } of record.drains.filter(holdsForAll)) {
    const same = drains.filter(holdsForAll).filter((drain) => drain.target === target);
    const [first, ...rest] = same;
    const [kept, ...others] = same.toSorted((a, b) => (a.shared.uid < b.shared.uid ? -1 : 1));
    if (first === undefined || kept === undefined || rest.length === 0) continue;
    const one = joined(first, kept, same, atUs, effects);
    const over = new Map<Drain, Drain>([[first, one]]);
    for (const [at, drain] of rest.entries()) {
      const { uid, version } = (others[at] ?? drain).shared;
      effects.push(eventOf(drain, 'cancelled', `two directors began it: ${first.id} goes on for both`));
      const shared = { uid, version: nextVersion(version) };
      over.set(drain, { ...drain, shared, state: 'cancelled', holds: false, endedUs: drain.endedUs ?? atUs, endDone: true });
    }
    drains = drains.map((drain) => over.get(drain) ?? drain);
  }
  return drains === record.drains ? record : { ...record, drains };
}

interface Merged {
  /** The same object where nothing is new. */
  readonly record: DrainRecord;
  readonly effects: readonly DrainEffect[];
}

export function mergePeerDrains(before: DrainRecord, { drains, view }: Extract<DrainInput, { kind: 'peers' }>, atUs: number): Merged {
  const effects: DrainEffect[] = [];
  let record = before;
  for (const received of drains) {
    const own = record.drains.find(({ shared }) => shared?.uid === received.uid);
    if (own !== undefined) {
      if (!supersedes(received, own, atUs)) continue;
      const after = updated(own, received, atUs, effects);
      record = { ...record, drains: record.drains.map((drain) => (drain === own ? after : drain)) };
    } else if (isAdoptable(received, record)) {
      const drain = adopted(received, record.next, view, atUs);
      effects.push(eventOf(drain, 'started', `by a peer; the deadline is in ${Math.round(received.leftMs / SECOND_MS)} s`));
      record = { ...record, next: record.next + 1, drains: [...record.drains, drain] };
    }
  }
  record = withPeersCancelled(settled(record, atUs, effects), drains, atUs);
  const held = record.drains.map((drain) => withEmptied(drain, view, effects));
  return { record: held.every((drain, at) => drain === record.drains[at]) ? record : { ...record, drains: held }, effects };
}

/** What was cancelled holds nothing any more, also where a peer has missed that; of a target that is held here one more becomes one with it. */
const isAdoptable = (received: PeerDrain, record: DrainRecord): boolean => {
  const { state, target } = received;
  const { drains } = record;
  if (state === 'cancelled' || isRemembered(record, received)) return false;
  return (
    drains.filter(({ holds }) => holds).length < PEER_DRAINS_MAX || drains.some((drain) => holdsForAll(drain) && drain.target === target)
  );
};
