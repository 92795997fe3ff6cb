// What peers of weir's own stream have of drains, into the record here: each director holds the servers, counts its own connections, and ends the drain by
// itself, so that it goes on where another one is gone. What operators do to it, at whatever director, counts at all of them.
import { beforeFirstLook, type Drain, type DrainRecord } from '../../model/drain/drain.js';
import { drainTargetWord, parseDrainTarget } from '../../model/drain/drain-target.js';
import { PEER_DRAINS_MAX, type PeerDrain } from '../../model/drain/peer-drain.js';
import { groupTargets } from './check-drain.js';
import { cancelled, eventOf, moved } from './drain-ends.js';
import type { DrainEffect, DrainInput, DrainView } from './messages.js';

const MS_US = 1000;
const SECOND_MS = 1000;
/** It is known a second later that a session has begun, and that its connections are not here yet. */
const SETTLE_MIN_S = 3;
/** One more is left for an operator here. */
const VERSION_MAX = 0xffff_fffe;

const sharedOf = ({ uid, version }: PeerDrain): NonNullable<Drain['shared']> => ({ uid, version: Math.min(version, VERSION_MAX) });

function adopted(theirs: PeerDrain, number: number, view: DrainView, atUs: number): Drain {
  const target = parseDrainTarget(theirs.target);
  const group = target === undefined ? [] : groupTargets(target, view).map(drainTargetWord);
  const deadlineUs = atUs + theirs.leftMs * MS_US;
  const isOver = theirs.state !== 'draining';
  return {
    shared: { ...sharedOf(theirs), adopted: true },
    id: `d${number}`,
    target: theirs.target,
    also: [...new Set([...theirs.also, ...group])],
    persistence: theirs.persistence,
    end: theirs.end,
    state: theirs.state,
    startedAt: theirs.startedAt,
    startedUs: atUs - theirs.ageMs * MS_US,
    deadlineUs,
    persistenceDeadlineUs: Math.min(deadlineUs, atUs + theirs.honourLeftMs * MS_US),
    settleS: Math.max(SETTLE_MIN_S, theirs.settleMs / SECOND_MS),
    idleS: theirs.idleMs / SECOND_MS,
    released: theirs.released,
    ...beforeFirstLook(atUs),
    endedUs: isOver ? atUs : null,
    endDone: true,
  };
}

/** A cancelling is for good; before it the last word of an operator counts. */
function isNewer(theirs: PeerDrain, { state, slowStart, shared }: Drain): boolean {
  const isLater = theirs.version > (shared?.version ?? 0);
  if (state === 'cancelled') return theirs.state === 'cancelled' && isLater && slowStart !== undefined;
  return theirs.state === 'cancelled' || isLater;
}

function followed(own: Drain, theirs: PeerDrain, atUs: number, effects: DrainEffect[]): Drain {
  const after =
    theirs.state === 'cancelled'
      ? cancelled(own, Math.ceil(theirs.slowStartLeftMs / SECOND_MS), atUs, effects)
      : moved(own, theirs.leftMs / SECOND_MS, atUs, effects);
  const { version } = sharedOf(theirs);
  return after.shared === undefined ? after : { ...after, shared: { ...after.shared, version } };
}

interface Merged {
  /** The same object where nothing is new. */
  readonly record: DrainRecord;
  readonly effects: readonly DrainEffect[];
}

export function mergePeerDrains(before: DrainRecord, { drains, view }: Extract<DrainInput, { kind: 'peers' }>, atUs: number): Merged {
  const effects: DrainEffect[] = [];
  let record = before;
  for (const theirs of drains) {
    const own = record.drains.find(({ shared }) => shared?.uid === theirs.uid);
    if (own !== undefined) {
      if (!isNewer(theirs, own)) continue;
      const after = followed(own, theirs, atUs, effects);
      record = { ...record, drains: record.drains.map((drain) => (drain === own ? after : drain)) };
    } else if (isAdoptable(theirs, record)) {
      const drain = adopted(theirs, record.next, view, atUs);
      effects.push(eventOf(drain, 'started', `by a peer; the deadline is in ${Math.round(theirs.leftMs / SECOND_MS)} s`));
      record = { ...record, next: record.next + 1, drains: [...record.drains, drain] };
    }
  }
  return { record, effects };
}

/** What holds nothing any more need not be known here. */
const isAdoptable = ({ state }: PeerDrain, { drains }: DrainRecord): boolean =>
  state !== 'cancelled' && drains.filter(({ holds }) => holds).length < PEER_DRAINS_MAX;
