// The machine of drains. One drain goes from draining to empty or deadline, and from each of them to cancelled; it holds its servers until it is
// cancelled. What it is to do at its end it asks for until that is done, so that any process may be killed at any point.
import type { Drain, DrainRecord, DrainRemaining, DrainSample } from '../../model/drain/drain.js';
import { isUnfinished } from '../../model/drain/drain.js';
import { drainTargetWord, parseDrainTarget } from '../../model/drain/drain-target.js';
import type { Step } from '../machine.js';
import { groupTargets } from './check-drain.js';
import type { DrainEffect, DrainEventKind, DrainInput } from './messages.js';

const SECOND_US = 1_000_000;
/** The rate of leaving is that of so many looks. */
const SAMPLES_MAX = 16;
/** Drains that hold nothing any more are remembered: so many. */
const ENDED_MAX = 32;
const TENTHS = 10;

const idOf = (number: number): string => `d${number}`;

function eventOf({ id, target }: Pick<Drain, 'id' | 'target'>, event: DrainEventKind, text: string): DrainEffect {
  return { kind: 'event', event: { id, target, event, text } };
}

const countText = (count: number): string => `${count} connection${count === 1 ? '' : 's'}`;

function started({ request, view, startedAt }: Extract<DrainInput, { kind: 'start' }>, number: number, atUs: number): Drain {
  const { target, deadlineS, persistence, honourS = deadlineS, end, settleS, idleS } = request;
  const parsed = parseDrainTarget(target);
  const deadlineUs = atUs + deadlineS * SECOND_US;
  return {
    id: idOf(number),
    target: parsed === undefined ? target : drainTargetWord(parsed),
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
    holds: true,
    remaining: null,
    openAtStart: null,
    lookedUs: atUs,
    quietSinceUs: null,
    samples: [],
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
const isQuiet = (drain: Drain, { open, persistent }: DrainRemaining): boolean => open === 0 && (drain.released || persistent === 0);

function looked(drain: Drain, remaining: DrainRemaining, atUs: number): Drain {
  const samples: readonly DrainSample[] = [...drain.samples, [atUs, remaining.open] as const].slice(-SAMPLES_MAX);
  const quietSinceUs = isQuiet(drain, remaining) ? (drain.quietSinceUs ?? atUs) : null;
  return { ...drain, remaining, samples, quietSinceUs, lookedUs: atUs, openAtStart: drain.openAtStart ?? remaining.open };
}

function ended(drain: Drain, state: 'empty' | 'deadline', atUs: number): Drain {
  const asks = drain.end === 'remove' || (drain.end === 'reset' && state === 'deadline');
  return { ...drain, state, endedUs: atUs, endDone: !asks, released: true };
}

function lookAt(before: Drain, remaining: DrainRemaining, atUs: number, effects: DrainEffect[]): Drain {
  if (before.state !== 'draining') return before;
  const releases = !before.released && atUs >= before.persistenceDeadlineUs;
  const drain = looked({ ...before, released: before.released || releases }, remaining, atUs);
  if (releases) effects.push(eventOf(drain, 'released', 'its persistent clients go elsewhere from now on'));
  const tenth = tenths(drain);
  if (tenth > tenths(before) && tenth < TENTHS)
    effects.push(eventOf(drain, 'progress', `${tenth * TENTHS} % have left, ${countText(remaining.open)} left`));
  if (drain.quietSinceUs !== null && atUs - drain.quietSinceUs >= drain.settleS * SECOND_US) {
    effects.push(eventOf(drain, 'empty', `no connection is left, after ${Math.round((atUs - drain.startedUs) / SECOND_US)} s`));
    return ended(drain, 'empty', atUs);
  }
  if (atUs < drain.deadlineUs) return drain;
  const state = remaining.open === 0 ? 'empty' : 'deadline';
  effects.push(eventOf(drain, state, `the deadline has come with ${countText(remaining.open)} left: ${drain.end}`));
  return ended(drain, state, atUs);
}

function cancelled(drain: Drain, atUs: number, effects: DrainEffect[]): Drain {
  if (!drain.holds) return drain;
  effects.push(eventOf(drain, 'cancelled', 'the configured weights are back'));
  return { ...drain, state: 'cancelled', holds: false, endDone: true, endedUs: drain.endedUs ?? atUs };
}

/** Where persistent clients are honoured until the deadline, they are until the new one. */
function moved(drain: Drain, deadlineS: number, atUs: number, effects: DrainEffect[]): Drain {
  if (drain.state !== 'draining') return drain;
  const deadlineUs = atUs + deadlineS * SECOND_US;
  const honoured = drain.persistenceDeadlineUs === drain.deadlineUs ? deadlineUs : Math.min(drain.persistenceDeadlineUs, deadlineUs);
  effects.push(eventOf(drain, 'moved', `the deadline is in ${deadlineS} s from now on`));
  return { ...drain, deadlineUs, persistenceDeadlineUs: drain.released ? drain.persistenceDeadlineUs : honoured };
}

/** The newest of those that hold nothing any more stay for people to read. */
function remembered(drains: readonly Drain[]): readonly Drain[] {
  const old = drains.filter(({ holds }) => !holds).slice(0, -ENDED_MAX);
  return drains.filter((drain) => !old.includes(drain));
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
      return changing((drain) => (drain.id === input.id ? cancelled(drain, atUs, effects) : drain));
    case 'deadline':
      return changing((drain) => (drain.id === input.id ? moved(drain, input.deadlineS, atUs, effects) : drain));
    case 'look':
      return changing((drain) => {
        const remaining = input.remaining.get(drain.id);
        return remaining === undefined || !isUnfinished(drain) ? drain : lookAt(drain, remaining, atUs, effects);
      });
    case 'done':
      return changing((drain) => (drain.id === input.id ? { ...drain, endDone: true } : drain));
  }
}

/** What the ends of drains still ask for. */
const ends = ({ drains }: DrainRecord): readonly DrainEffect[] =>
  drains.flatMap(({ id, end, endDone }): readonly DrainEffect[] => (endDone || end === 'keep' ? [] : [{ kind: 'end', id, action: end }]));

/** When something changes although no connection does. */
function wakeAt({ drains }: DrainRecord): number | undefined {
  const moments = drains
    .filter(({ state }) => state === 'draining')
    .flatMap(({ deadlineUs, released, persistenceDeadlineUs, quietSinceUs, settleS }) => [
      deadlineUs,
      ...(released ? [] : [persistenceDeadlineUs]),
      ...(quietSinceUs === null ? [] : [quietSinceUs + settleS * SECOND_US]),
    ]);
  return moments.length === 0 ? undefined : Math.min(...moments);
}

export function step(record: DrainRecord, input: DrainInput, atUs: number): Step<DrainRecord, DrainEffect> {
  const effects: DrainEffect[] = [];
  const state = next(record, input, atUs, effects);
  return { state, effects: [...effects, ...(input.kind === 'look' ? ends(state) : [])], wakeAtUs: wakeAt(state) };
}
