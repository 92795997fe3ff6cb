// The machine of health checks: takes one input and answers with the next state, the effects, and when to call again.
import type { Step } from '../machine.js';
import { beginDue, nextDueAtUs } from './attempts.js';
import { configure } from './configure.js';
import { type CheckContext, checkerAt, closeContext, openContext } from './context.js';
import { takeMaintenance } from './maintenance.js';
import type { Answered, CheckEffect, CheckInput } from './messages.js';
import { takeOutcome } from './outcome.js';
import { stop } from './remove.js';
import { sharersOf } from './sharers.js';
import { advanceSlowStarts, nextSlowStepUs } from './slow-start.js';
import type { CheckMachine } from './state.js';
import { takeAddresses } from './suspend.js';
import { applyChanges, takeApplied } from './table.js';
import { takeBfd, takeFile } from './tracked.js';

/** `atUs`: monotonic microseconds, never less than in the step before. */
export function step(state: CheckMachine, input: CheckInput, atUs: number): Step<CheckMachine, CheckEffect> {
  const context = openContext(state, atUs);
  take(context, input);
  const served = applyChanges(context);
  const closed = closeContext(context);
  return {
    state: closed,
    effects: [...remembering(context.effects), ...served, ...othersOf(context.effects)],
    wakeAtUs: nextWakeUs(closed),
  };
}

function take(context: CheckContext, input: CheckInput): void {
  // What is left then is to take the services out of the table.
  if (context.machine.stopped && input.kind !== 'applied' && input.kind !== 'wake') return;
  switch (input.kind) {
    case 'configure':
      configure(context, input);
      break;
    case 'outcomes':
      takeOutcomes(context, input.outcomes);
      break;
    case 'file':
      takeFile(context, input.name, input.value);
      break;
    case 'bfd':
      takeBfd(context, input.name, input.up);
      break;
    case 'addresses':
      takeAddresses(context, input.counts);
      break;
    case 'maintenance':
      takeMaintenance(context, input.reals);
      break;
    case 'applied':
      takeApplied(context, input.result);
      break;
    case 'wake':
      advanceSlowStarts(context);
      beginDue(context);
      break;
    case 'stop':
      stop(context, input.keepServers);
      break;
  }
}

/** The checkers that began an attempt together, or after a reload those that it left with this number. */
function begunWith(context: CheckContext, { attempt, checker }: Answered): readonly number[] {
  const { last, waiting } = context.machine.carried;
  return attempt > last ? sharersOf(context, checker) : (waiting.get(attempt) ?? []);
}

function takeOutcomes(context: CheckContext, outcomes: readonly Answered[]): void {
  const found: { readonly index: number; readonly outcome: Answered['outcome'] }[] = [];
  for (const answered of outcomes) {
    const { attempt, outcome } = answered;
    for (const index of begunWith(context, answered)) if (checkerAt(context, index).attempt === attempt) found.push({ index, outcome });
  }
  // In the order of the file.
  for (const { index, outcome } of found.sort((a, b) => a.index - b.index)) takeOutcome(context, index, outcome);
}

/** Once, and before the table changes: a process that is killed in between must not leave a successor that takes the change back. */
const remembering = (effects: readonly CheckEffect[]): readonly CheckEffect[] =>
  effects.some(({ kind }) => kind === 'remember') ? [{ kind: 'remember' }] : [];

/** The effects that come behind the changes of the table. */
const othersOf = (effects: readonly CheckEffect[]): readonly CheckEffect[] =>
  effects.filter(({ kind }) => kind !== 'remember' && kind !== 'remove');

function nextWakeUs(machine: CheckMachine): number | undefined {
  const times = [nextDueAtUs(machine), nextSlowStepUs(machine), machine.table.retryAtUs].filter((time) => time !== undefined);
  return times.length === 0 ? undefined : Math.min(...times);
}
