// A step of the machine of health checks in progress. Functions of this folder take the context, change it and leave effects in it;
// `step` opens and closes it.
import { draw } from '../chance.js';
import { itemAt, type StepContext } from '../machine.js';
import { itemIn, type TimedList, timedList, withItems } from '../timed-list.js';
import type { CheckEffect } from './messages.js';
import { type CheckerState, type CheckMachine, copyOfChecker, type RealState, type ServerState } from './state.js';

export interface CheckContext extends StepContext<CheckMachine, CheckEffect> {
  /** The servers of the state before, until this step changes one. */
  servers: readonly ServerState[];
  /** Without those that this step changed so far: `checkerAt` and `checkersNow` know both. */
  checkers: TimedList<CheckerState>;
  readonly changedCheckers: Map<number, CheckerState>;
  /** The last number of an attempt. */
  attempts: number;
  /** Virtual servers whose pool this step changed: each is served once, when the step ends. */
  readonly changed: Set<number>;
}

export function openContext(machine: CheckMachine, atUs: number): CheckContext {
  const { servers, checkers, attempts } = machine;
  return { atUs, machine, servers, checkers, attempts, changedCheckers: new Map(), changed: new Set(), effects: [] };
}

/** The state after this step. */
export function closeContext(context: CheckContext): CheckMachine {
  return { ...context.machine, servers: context.servers, checkers: checkersNow(context), attempts: context.attempts };
}

/** All checkers as this step left them so far. A step changes one several times, and the list once. */
export function checkersNow(context: CheckContext): TimedList<CheckerState> {
  if (context.changedCheckers.size === 0) return context.checkers;
  context.checkers = withItems(
    context.checkers,
    [...context.changedCheckers].sort(([a], [b]) => a - b),
  );
  context.changedCheckers.clear();
  return context.checkers;
}

export const serverAt = (context: CheckContext, index: number): ServerState => itemAt(context.servers, index, 'virtual server');
export const checkerAt = (context: CheckContext, index: number): CheckerState =>
  context.changedCheckers.get(index) ?? itemIn(context.checkers, index);
export const realAt = (context: CheckContext, server: number, real: number): RealState =>
  itemAt(serverAt(context, server).reals, real, 'real server');

export function changeServer(context: CheckContext, index: number, patch: Partial<ServerState>): void {
  context.servers = context.servers.with(index, { ...serverAt(context, index), ...patch });
}

export function changeChecker(context: CheckContext, index: number, patch: Partial<CheckerState>): void {
  const checker = checkerAt(context, index);
  for (const field in patch) {
    if (patch[field as keyof CheckerState] === checker[field as keyof CheckerState]) continue;
    context.changedCheckers.set(index, Object.assign(copyOfChecker(checker), patch));
    return;
  }
}

/** Puts these checkers in place of all that there were. */
export function replaceCheckers(context: CheckContext, checkers: readonly CheckerState[]): void {
  context.changedCheckers.clear();
  context.checkers = timedList(checkers);
  const waiting = new Map<number, number[]>();
  for (const [index, { attempt }] of checkers.entries()) {
    if (attempt === 0) continue;
    const indices = waiting.get(attempt);
    if (indices === undefined) waiting.set(attempt, [index]);
    else indices.push(index);
  }
  context.machine = { ...context.machine, carried: { last: context.attempts, waiting } };
}

export function changeReal(context: CheckContext, server: number, real: number, patch: Partial<RealState>): void {
  const reals = serverAt(context, server).reals.slice();
  reals[real] = { ...realAt(context, server, real), ...patch };
  changeServer(context, server, { reals });
}

/** log_all_failures, of the check or of all: failures that do not count are logged, too. */
export const logsAllFailures = ({ machine }: CheckContext, { config }: CheckerState): boolean =>
  config.timing.logAllFailures || machine.settings.checkerLogAllFailures;

/** A random share of a time. */
export function share(context: CheckContext, us: number): number {
  const { word, next } = draw(context.machine.chance);
  context.machine = { ...context.machine, chance: next };
  return Math.floor((us * word) / 2 ** 32);
}

/** The checkers of one real server, as indices. */
export function checkersOf(context: CheckContext, server: number, real: number): readonly number[] {
  const { firstChecker, checkerCount } = realAt(context, server, real);
  return Array.from({ length: checkerCount }, (_, offset) => firstChecker + offset);
}
