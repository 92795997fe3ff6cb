// The machine of drains. One drain goes from draining to empty or deadline, and from each of them to cancelled; it holds its servers until it is
// cancelled. What it is to do at its end it asks for until that is done, so that any process may be killed at any point.
import type { Drain, DrainHandover, DrainRecord, DrainRemaining, DrainSample, DrainSlowStart } from '../../model/drain/drain.js';
import { beforeFirstLook, isCounted, isHandedOver, isLeaving, isOfDirector, NONE_ENDED } from '../../model/drain/drain.js';
import { canonicalTarget, drainTargetWord, parseDrainTarget } from '../../model/drain/drain-target.js';
import type { Step } from '../machine.js';
import { withCancelled } from './cancelled-drains.js';
import { groupTargets } from './check-drain.js';
import { cancelled, ended, eventOf, moved, restored, TENTHS } from './drain-ends.js';
import { withEmptied } from './emptied.js';
import type { DrainEffect, DrainInput } from './messages.js';
import { withOverride, withoutExpired, withoutOverride, withPeersOverrides } from './overrides.js';
import { mergePeerDrains } from './peer-drains.js';
import { nextVersion } from './version.js';

const SECOND_US = 1_000_000;
/** The rate of leaving is that of so many looks. */
const SAMPLES_MAX = 16;
/** Drains that hold nothing any more are remembered: so many. */
const ENDED_MAX = 32;

const idOf = (number: number): string => `d${number}`;

const countText = (count: number): string => `${count} connection${count === 1 ? '' : 's'}`;

function started({ request, view, startedAt, uid }: Extract<DrainInput, { kind: 'start' }>, number: number, atUs: number): Drain {
  const { target, deadlineS, persistence, honourS = deadlineS, end, settleS, idleS } = request;
  const parsed = parseDrainTarget(target);
  const deadlineUs = atUs + deadlineS * SECOND_US;
  const shared = uid === undefined || parsed?.kind === 'director' ? {} : { shared: { uid, version: 1 } };
  return {
    ...shared,
    id: idOf(number),
    target: canonicalTarget(target),
    also: parsed === undefined ? [] : groupTargets(parsed, view).map(drainTargetWord),
    persistence,
    end,
    state: 'draining',
    startedAt,
    startedUs: atUs,
    deadlineUs,
    persistenceDeadlineUs: persistence === 'release' ? atUs : Math.min(deadlineUs, atUs + honourS * SECOND_US),
    settleS,
    idleS,
    released: persistence === 'release',
    ...beforeFirstLook(atUs),
    endedUs: null,
    endDone: true,
  };
}

/** How many tenths of the connections have left. */
function tenths({ openAtStart, remaining }: Drain): number {
  if (openAtStart === null || openAtStart === 0 || remaining === null) return 0;
  return Math.max(0, Math.floor(((openAtStart - remaining.open) * TENTHS) / openAtStart));
}

/** Clients that persistence still leads there may begin new connections. */
const isQuiet = (drain: Drain, { open, persistent }: DrainRemaining): boolean =>
  open === 0 && isHandedOver(drain) && (isOfDirector(drain) || drain.released || persistent === 0);

/** A drain may come from a peer before the connections do. */
const isUnknown = ({ shared }: Drain, lacks: boolean): boolean => shared?.adopted === true && lacks;

/** Connections that the peers have, and whose packets come to them, do not hold up the drain of a director. */
function besideHandover(remaining: DrainRemaining, { masters, wouldBreak }: DrainHandover): DrainRemaining {
  if (masters.length > 0 || wouldBreak !== 0) return remaining;
  return { ...remaining, open: 0, over: remaining.open + remaining.over, idleMaxS: null };
}

interface Seen {
  readonly remaining: DrainRemaining;
  readonly handover: DrainHandover | undefined;
  readonly lacks: boolean;
}

function looked(drain: Drain, { remaining, lacks }: Seen, atUs: number): Drain {
  const samples: readonly DrainSample[] = [...drain.samples, [atUs, remaining.open] as const].slice(-SAMPLES_MAX);
  const quietSinceUs = isQuiet(drain, remaining) && !isUnknown(drain, lacks) ? (drain.quietSinceUs ?? atUs) : null;
  return { ...drain, remaining, samples, quietSinceUs, lookedUs: atUs, openAtStart: drain.openAtStart ?? remaining.open };
}

function lookAtDirector(drain: Drain, seen: Seen, atUs: number, effects: DrainEffect[]): Drain {
  const handover = seen.handover ?? drain.handover ?? { masters: [], wouldBreak: null };
  const after = { ...drain, handover };
  if (handover.masters.length === 0 && (drain.handover === undefined || drain.handover.masters.length > 0))
    effects.push(eventOf(drain, 'handed-over', 'no instance of VRRP is MASTER here'));
  return lookAt(after, { ...seen, remaining: besideHandover(seen.remaining, handover) }, atUs, effects);
}

function lookAt(before: Drain, seen: Seen, atUs: number, effects: DrainEffect[]): Drain {
  const { remaining } = seen;
  const releases = !before.released && atUs >= before.persistenceDeadlineUs;
  const drain = looked({ ...before, released: before.released || releases }, seen, atUs);
  if (releases) effects.push(eventOf(drain, 'released', 'its persistent clients go elsewhere from now on'));
  const tenth = tenths(drain);
  if (tenth > tenths(before) && tenth < TENTHS)
    effects.push(eventOf(drain, 'progress', `${tenth * TENTHS} % have left, ${countText(remaining.open)} left`));
  if (drain.quietSinceUs !== null && atUs - drain.quietSinceUs >= drain.settleS * SECOND_US) {
    effects.push(eventOf(drain, 'empty', `no connection is left, after ${Math.round((atUs - drain.startedUs) / SECOND_US)} s`));
    return ended(drain, 'empty', atUs);
  }
  if (atUs < drain.deadlineUs) return drain;
  const state = remaining.open === 0 && isHandedOver(drain) ? 'empty' : 'deadline';
  const masters = drain.handover?.masters ?? [];
  const lack = masters.length === 0 ? '' : `, and no peer has taken over ${masters.join(', ')}`;
  effects.push(eventOf(drain, state, `the deadline has come with ${countText(remaining.open)} left: ${drain.end}${lack}`));
  return ended(drain, state, atUs);
}

/** By tenths: each is a change of the table. */
function returned(drain: Drain, { fromUs, untilUs }: DrainSlowStart, atUs: number, effects: DrainEffect[]): Drain {
  if (atUs < untilUs) {
    const share = (Math.floor(((atUs - fromUs) * TENTHS) / (untilUs - fromUs)) + 1) / TENTHS;
    return { ...drain, slowStart: { fromUs, untilUs, share }, lookedUs: atUs };
  }
  return restored(drain, atUs, effects);
}

/** What is left after its end: an end is final, so nothing else follows of it. */
function recounted(drain: Drain, { remaining, handover = drain.handover }: Seen, atUs: number): Drain {
  if (!isOfDirector(drain) || handover === undefined) return { ...drain, remaining, lookedUs: atUs };
  return { ...drain, remaining: besideHandover(remaining, handover), handover, lookedUs: atUs };
}

function lookedAt(drain: Drain, seen: Seen, atUs: number, effects: DrainEffect[]): Drain {
  if (drain.slowStart !== undefined) return returned(drain, drain.slowStart, atUs, effects);
  if (isLeaving(drain)) return recounted(drain, seen, atUs);
  if (drain.state !== 'draining') return drain;
  return isOfDirector(drain) ? lookAtDirector(drain, seen, atUs, effects) : lookAt(drain, seen, atUs, effects);
}

/** Peers follow the higher version. */
function raised(before: Drain, after: Drain): Drain {
  const { shared } = after;
  return shared === undefined || after === before ? after : { ...after, shared: { ...shared, version: nextVersion(shared.version) } };
}

/** The newest of those that hold nothing any more stay for people to read. */
function remembered(drains: readonly Drain[]): readonly Drain[] {
  const old = drains.filter(({ holds }) => !holds).slice(0, -ENDED_MAX);
  return drains.filter((drain) => !old.includes(drain));
}

/** Those that have ended in this step are counted: the record remembers few of them. */
function counted(before: DrainRecord, after: DrainRecord): DrainRecord {
  const going = new Set(before.drains.flatMap(({ id, state }) => (state === 'draining' ? [id] : [])));
  const outcomes = after.drains.flatMap(({ id, state }) => (state !== 'draining' && going.has(id) ? [state] : []));
  if (outcomes.length === 0) return after;
  const ended = { ...(after.ended ?? NONE_ENDED) };
  for (const outcome of outcomes) ended[outcome] += 1;
  return { ...after, ended };
}

function next(record: DrainRecord, input: DrainInput, atUs: number, effects: DrainEffect[]): DrainRecord {
  const changing = (change: (drain: Drain) => Drain): DrainRecord => ({ ...record, drains: record.drains.map(change) });
  switch (input.kind) {
    case 'start': {
      const drain = started(input, record.next, atUs);
      const also = drain.also.length === 0 ? '' : `, with ${drain.also.join(', ')}`;
      effects.push(
        eventOf(drain, 'started', `until it is empty, ${input.request.deadlineS} s at most; persistence: ${drain.persistence}${also}`),
      );
      return { ...record, next: record.next + 1, drains: remembered([...record.drains, drain]) };
    }
    case 'cancel':
      return changing((drain) => (drain.id === input.id ? raised(drain, cancelled(drain, input.slowStartS ?? 0, atUs, effects)) : drain));
    case 'deadline':
      return changing((drain) => (drain.id === input.id ? raised(drain, moved(drain, input.deadlineS, atUs, effects)) : drain));
    case 'peers': {
      const { record: drained, effects: events } = mergePeerDrains(record, input, atUs);
      effects.push(...events);
      const after = withPeersOverrides(drained, input.overrides ?? [], atUs, effects);
      return after === record ? record : { ...after, drains: remembered(after.drains) };
    }
    case 'override':
      return withOverride(record, input.override, effects);
    case 'no-override':
      return withoutOverride(record, input.target, atUs, effects);
    case 'look': {
      const after = changing((drain) => {
        const remaining = input.remaining.get(drain.id);
        const seen = input.view === undefined ? drain : withEmptied(drain, input.view, effects);
        if (remaining === undefined || !isCounted(drain)) return seen;
        return lookedAt(seen, { remaining, handover: input.handover, lacks: input.lacks === true }, atUs, effects);
      });
      return withoutExpired(after, atUs, effects);
    }
    case 'done':
      return changing((drain) => {
        if (drain.id !== input.id) return drain;
        if (input.text !== undefined) effects.push(eventOf(drain, drain.end === 'remove' ? 'removed' : 'reset', input.text));
        return { ...drain, endDone: true };
      });
  }
}

/** What the ends of drains still ask for. */
const ends = ({ drains }: DrainRecord): readonly DrainEffect[] =>
  drains.flatMap((drain): readonly DrainEffect[] => {
    const { id, end, endDone, holds } = drain;
    if (isOfDirector(drain) && holds) return [{ kind: 'handOver', id }];
    if (endDone || drain.slowStart !== undefined) return [];
    if (isOfDirector(drain)) return [{ kind: 'end', id, action: 'handBack' }];
    return end === 'keep' ? [] : [{ kind: 'end', id, action: end }];
  });

/** Inputs that effects of the drains as they are now follow. */
const ASKS: ReadonlySet<DrainInput['kind']> = new Set(['start', 'look', 'cancel', 'peers']);

const nextTenthUs = ({ fromUs, untilUs, share }: DrainSlowStart): number => fromUs + share * (untilUs - fromUs);

/** When something changes although no connection does. */
function wakeAt({ drains, overrides = [] }: DrainRecord): number | undefined {
  const returns = drains.flatMap(({ slowStart }) => (slowStart === undefined ? [] : [nextTenthUs(slowStart)]));
  const moments = drains
    .filter(({ state }) => state === 'draining')
    .flatMap(({ deadlineUs, released, persistenceDeadlineUs, quietSinceUs, settleS }) => [
      deadlineUs,
      ...(released ? [] : [persistenceDeadlineUs]),
      ...(quietSinceUs === null ? [] : [quietSinceUs + settleS * SECOND_US]),
    ]);
  const all = [...moments, ...returns, ...overrides.flatMap(({ untilUs }) => untilUs ?? [])];
  return all.length === 0 ? undefined : Math.min(...all);
}

export function step(record: DrainRecord, input: DrainInput, atUs: number): Step<DrainRecord, DrainEffect> {
  const effects: DrainEffect[] = [];
  const state = withCancelled(counted(record, next(record, input, atUs, effects)), atUs);
  return { state, effects: [...effects, ...(ASKS.has(input.kind) ? ends(state) : [])], wakeAtUs: wakeAt(state) };
}
