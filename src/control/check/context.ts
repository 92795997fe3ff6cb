// A step of the machine of health checks in progress. Functions of this folder take the context, change it and leave effects in it;
// `step` opens and closes it.
import { draw } from '../chance.js';
import { itemAt, type StepContext } from '../machine.js';
import type { CheckEffect } from './messages.js';
import type { CheckerState, CheckMachine, RealState, ServerState } from './state.js';

export interface CheckContext extends StepContext<CheckMachine, CheckEffect> {
  /** Copies that this step may write to; what is in them is shared with the state before. */
  servers: ServerState[];
  checkers: CheckerState[];
  /** Virtual servers whose pool this step changed: each is served once, when the step ends. */
  readonly changed: Set<number>;
}

export function openContext(machine: CheckMachine, atUs: number): CheckContext {
  return { atUs, machine, servers: machine.servers.slice(), checkers: machine.checkers.slice(), changed: new Set(), effects: [] };
}

/** The state after this step. */
export function closeContext({ machine, servers, checkers }: CheckContext): CheckMachine {
  return { ...machine, servers, checkers };
}

export const serverAt = (context: CheckContext, index: number): ServerState => itemAt(context.servers, index, 'virtual server');
export const checkerAt = (context: CheckContext, index: number): CheckerState => itemAt(context.checkers, index, 'checker');
export const realAt = (context: CheckContext, server: number, real: number): RealState =>
  itemAt(serverAt(context, server).reals, real, 'real server');

export function changeServer(context: CheckContext, index: number, patch: Partial<ServerState>): void {
  context.servers[index] = { ...serverAt(context, index), ...patch };
}

export function changeChecker(context: CheckContext, index: number, patch: Partial<CheckerState>): void {
  context.checkers[index] = { ...checkerAt(context, index), ...patch };
}

export function changeReal(context: CheckContext, server: number, real: number, patch: Partial<RealState>): void {
  const reals = serverAt(context, server).reals.slice();
  reals[real] = { ...realAt(context, server, real), ...patch };
  changeServer(context, server, { reals });
}

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
