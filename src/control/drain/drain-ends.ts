// How a drain ends, and how it is taken back.
import { type Drain, isOfDirector } from '../../model/drain/drain.js';
import type { DrainEffect, DrainEventKind } from './messages.js';

const SECOND_US = 1_000_000;
/** Steps of a slow start. */
export const TENTHS = 10;

export function eventOf({ id, target }: Pick<Drain, 'id' | 'target'>, event: DrainEventKind, text: string): DrainEffect {
  return { kind: 'event', event: { id, target, event, text } };
}

export function ended(drain: Drain, state: 'empty' | 'deadline', atUs: number): Drain {
  const asks = drain.end === 'remove' || (drain.end === 'reset' && state === 'deadline');
  const left = state === 'deadline' && drain.remaining !== null ? { openAtDeadline: drain.remaining.open } : {};
  return { ...drain, state, ...left, endedUs: atUs, endDone: !asks, released: true };
}

export function restored(drain: Drain, atUs: number, effects: DrainEffect[]): Drain {
  effects.push(eventOf(drain, 'restored', 'the configured weights are back'));
  const { slowStart: _over, ...rest } = drain;
  return { ...rest, holds: false, endDone: true, lookedUs: atUs };
}

export function cancelled(drain: Drain, slowStartS: number, atUs: number, effects: DrainEffect[]): Drain {
  if (!drain.holds) return drain;
  // A second time: the weights come back now, or as they do already.
  if (drain.slowStart !== undefined) return slowStartS === 0 ? restored(drain, atUs, effects) : drain;
  const over = { ...drain, state: 'cancelled', endedUs: drain.endedUs ?? atUs } as const;
  if (isOfDirector(drain)) {
    effects.push(eventOf(drain, 'cancelled', 'this director takes its addresses again, as its priority has it'));
    return { ...over, holds: false, endDone: false };
  }
  if (slowStartS === 0) {
    effects.push(eventOf(drain, 'cancelled', 'the configured weights are back'));
    return { ...over, holds: false, endDone: true };
  }
  effects.push(eventOf(drain, 'cancelled', `the configured weights come back within ${slowStartS} s`));
  return { ...over, holds: true, endDone: false, slowStart: { fromUs: atUs, untilUs: atUs + slowStartS * SECOND_US, share: 1 / TENTHS } };
}

/** Where persistent clients are honoured until the deadline, they are until the new one. */
export function moved(drain: Drain, deadlineS: number, atUs: number, effects: DrainEffect[]): Drain {
  if (drain.state !== 'draining') return drain;
  const deadlineUs = atUs + deadlineS * SECOND_US;
  const honoured = drain.persistenceDeadlineUs === drain.deadlineUs ? deadlineUs : Math.min(drain.persistenceDeadlineUs, deadlineUs);
  effects.push(eventOf(drain, 'moved', `the deadline is in ${Math.round(deadlineS)} s from now on`));
  return { ...drain, deadlineUs, persistenceDeadlineUs: drain.released ? drain.persistenceDeadlineUs : honoured };
}
