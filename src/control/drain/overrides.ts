// Overrides in the record: what operators state here, what peers of weir's own stream have, and whose time is over. Of each target the last word of an operator
// counts at all directors, which is the one of the higher version; of one version a removal does, and else the larger text, so that all agree.
import type { DrainRecord } from '../../model/drain/drain.js';
import type { Override, RemovedOverride } from '../../model/drain/override.js';
import { PEER_OVERRIDES_MAX, type PeerOverride, REMOVED_MAX, versionOf } from '../../model/drain/peer-override.js';
import type { DrainEffect, DrainEventKind } from './messages.js';
import { REMEMBERED_US, remembered } from './remembered.js';
import { nextVersion, receivedVersion } from './version.js';

const MS_US = 1000;

function eventOf({ target, state, weight, owner, reason }: Override, event: DrainEventKind): DrainEffect {
  const what = weight === null ? state : `weight ${weight}`;
  const text = event === 'overridden' ? `${what} by ${owner}: ${reason}` : `${what} is over: the configured weight is in force`;
  return { kind: 'event', event: { id: 'override', target, event, text } };
}

const without = <T extends { readonly target: string }>(all: readonly T[] | undefined, target: string): readonly T[] =>
  (all ?? []).filter((one) => one.target !== target);

/** Absent rather than empty. */
function recordWith(record: DrainRecord, overrides: readonly Override[], removed: readonly RemovedOverride[]): DrainRecord {
  const { overrides: _overrides, removedOverrides: _removed, ...rest } = record;
  const kept = remembered(removed, REMOVED_MAX);
  return { ...rest, ...(overrides.length === 0 ? {} : { overrides }), ...(kept.length === 0 ? {} : { removedOverrides: kept }) };
}

/** 0: nothing is known of this target. */
function knownVersion({ overrides = [], removedOverrides = [] }: DrainRecord, target: string): number {
  const own = overrides.find((one) => one.target === target);
  const gone = removedOverrides.find((one) => one.target === target);
  return Math.max(own === undefined ? 0 : versionOf(own), gone?.version ?? 0);
}

const put = (record: DrainRecord, override: Override): DrainRecord =>
  recordWith(record, [...without(record.overrides, override.target), override], without(record.removedOverrides, override.target));

const take = (record: DrainRecord, removed: RemovedOverride): DrainRecord =>
  recordWith(record, without(record.overrides, removed.target), [...without(record.removedOverrides, removed.target), removed]);

/** An operator states one here. */
export function withOverride(record: DrainRecord, override: Override, effects: DrainEffect[]): DrainRecord {
  effects.push(eventOf(override, 'overridden'));
  return put(record, { ...override, version: nextVersion(knownVersion(record, override.target)) });
}

/** An operator takes one away here. */
export function withoutOverride(record: DrainRecord, target: string, atUs: number, effects: DrainEffect[]): DrainRecord {
  const gone = (record.overrides ?? []).find((one) => one.target === target);
  if (gone === undefined) return record;
  effects.push(eventOf(gone, 'override-over'));
  return take(record, { target, version: nextVersion(versionOf(gone)), untilUs: atUs + REMEMBERED_US });
}

/** Its time is over at each director by itself: it does not come back from one that is slower. */
export function withoutExpired(record: DrainRecord, atUs: number, effects: DrainEffect[]): DrainRecord {
  let after = record;
  for (const one of record.overrides ?? []) {
    if (one.untilUs === null || one.untilUs > atUs) continue;
    effects.push(eventOf(one, 'override-over'));
    after = take(after, { target: one.target, version: versionOf(one), untilUs: atUs + REMEMBERED_US });
  }
  const { removedOverrides = [] } = after;
  const kept = removedOverrides.filter(({ untilUs }) => untilUs > atUs);
  return kept.length === removedOverrides.length ? after : recordWith(after, after.overrides ?? [], kept);
}

const textOf = ({ state, weight, reason, owner, since }: Pick<Override, 'state' | 'weight' | 'reason' | 'owner' | 'since'>): string =>
  JSON.stringify([state, weight, reason, owner, since]);

/** Does what a peer has count before what is known here? */
function supersedes({ target, version, override }: PeerOverride, record: DrainRecord): boolean {
  const known = knownVersion(record, target);
  if (version !== known) return version > known;
  const own = record.overrides?.find((one) => one.target === target);
  if (own === undefined) return false;
  return override === null || textOf(override) > textOf(own);
}

function merged(record: DrainRecord, received: PeerOverride, atUs: number, effects: DrainEffect[]): DrainRecord {
  const { target, leftMs, override } = received;
  if (!supersedes(received, record)) return record;
  const version = receivedVersion(received.version);
  const before = record.overrides?.find((one) => one.target === target);
  if (override === null) {
    if (before !== undefined) effects.push(eventOf(before, 'override-over'));
    return take(record, { target, version, untilUs: Math.min(atUs + (leftMs ?? 0) * MS_US, atUs + REMEMBERED_US) });
  }
  if (before === undefined && (record.overrides ?? []).length >= PEER_OVERRIDES_MAX) return record;
  const untilUs = leftMs === null ? null : atUs + leftMs * MS_US;
  const adopted = { target, ...override, untilUs, version, adopted: true } as const;
  effects.push(eventOf(adopted, 'overridden'));
  return put(record, adopted);
}

/** What peers have. The same object where nothing is new. */
export function withPeersOverrides(
  before: DrainRecord,
  received: readonly PeerOverride[],
  atUs: number,
  effects: DrainEffect[],
): DrainRecord {
  return received.reduce((record, one) => merged(record, one, atUs, effects), before);
}
