// One step in progress: the only place where the machine's parts are exchanged. Functions of this folder take a Work, change it
// and leave effects in it; `step` opens and closes it, so that outside of a step everything is a value.
import type { LogLevel } from '../../model/log-level.js';
import { spend } from '../log-budget.js';
import type { Effect, VrrpState } from './messages.js';
import type { Counters, GroupState, InstanceState, VrrpMachine } from './state.js';

export interface Work {
  readonly atUs: number;
  machine: VrrpMachine;
  /** A copy that this step may write to; its elements are shared with the state before. */
  readonly instances: InstanceState[];
  readonly groups: GroupState[];
  readonly effects: Effect[];
}

export function openWork(machine: VrrpMachine, atUs: number): Work {
  return { atUs, machine, instances: machine.instances.slice(), groups: machine.groups.slice(), effects: [] };
}

/** The state that this step leaves. */
export function closeWork(work: Work): VrrpMachine {
  return { ...work.machine, instances: work.instances, groups: work.groups };
}

/** The instance of an index that came from the machine itself. @throws Error for any other */
export function instanceAt(work: Work, index: number): InstanceState {
  const instance = work.instances[index];
  if (instance === undefined) throw new Error(`no instance ${index}`);
  return instance;
}

/** @throws Error for an index that is no group's */
export function groupAt(work: Work, index: number): GroupState {
  const group = work.groups[index];
  if (group === undefined) throw new Error(`no group ${index}`);
  return group;
}

export function change(work: Work, index: number, patch: Partial<InstanceState>): InstanceState {
  const changed = { ...instanceAt(work, index), ...patch };
  work.instances[index] = changed;
  return changed;
}

export function changeGroup(work: Work, index: number, state: VrrpState): void {
  work.groups[index] = { ...groupAt(work, index), state };
}

export function count(work: Work, index: number, counter: keyof Counters, by = 1): void {
  const { counters } = instanceAt(work, index);
  change(work, index, { counters: { ...counters, [counter]: counters[counter] + by } });
}

/** A line about the daemon as a whole. */
export function say(work: Work, text: string, level: LogLevel = 'info'): void {
  work.effects.push({ kind: 'log', level, text });
}

/** The same, said only with -D. */
export function sayDetail(work: Work, text: string): void {
  work.effects.push({ kind: 'log', level: 'info', text, detail: true });
}

/** A line about an instance: `(NAME) text`. */
export function log(work: Work, index: number, text: string, level: LogLevel = 'info'): void {
  say(work, `(${instanceAt(work, index).config.name}) ${text}`, level);
}

/** The same, said only with -D. */
export function detail(work: Work, index: number, text: string): void {
  sayDetail(work, `(${instanceAt(work, index).config.name}) ${text}`);
}

/** `log`, but bounded per instance and `kind`. */
export function logBounded(work: Work, index: number, kind: string, text: string, level: LogLevel = 'info'): void {
  const { budgets } = instanceAt(work, index);
  const spent = spend(budgets.get(kind), work.atUs);
  change(work, index, { budgets: new Map(budgets).set(kind, spent.budget) });
  if (spent.say) log(work, index, withMissed(text, spent.missed), level);
}

/** `say`, but bounded per `kind`. */
export function sayBounded(work: Work, kind: string, text: string, level: LogLevel = 'info'): void {
  const { budgets } = work.machine;
  const spent = spend(budgets.get(kind), work.atUs);
  work.machine = { ...work.machine, budgets: new Map(budgets).set(kind, spent.budget) };
  if (spent.say) say(work, withMissed(text, spent.missed), level);
}

function withMissed(text: string, missed: number): string {
  return missed === 0 ? text : `${text} (${missed} more like this were not logged)`;
}
