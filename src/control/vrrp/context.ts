// A step of the VRRP machine in progress. Functions of this folder take the context, change it and leave effects in it; `step` opens
// and closes it.
import type { LogLevel } from '../../model/log-level.js';
import { itemAt, log, logDetail, type StepContext, spendBudget } from '../machine.js';
import type { Effect, VrrpState } from './messages.js';
import type { Counters } from './state/counters.js';
import type { InstanceState } from './state/instance-state.js';
import type { GroupState, VrrpMachine } from './state/vrrp-machine.js';

export interface VrrpContext extends StepContext<VrrpMachine, Effect> {
  /** A copy that this step may write to; the instances in it are shared with the state before. */
  readonly instances: InstanceState[];
  readonly groups: GroupState[];
}

export function openContext(machine: VrrpMachine, atUs: number): VrrpContext {
  return { atUs, machine, instances: machine.instances.slice(), groups: machine.groups.slice(), effects: [] };
}

/** The state after this step. */
export function closeContext({ machine, instances, groups }: VrrpContext): VrrpMachine {
  return { ...machine, instances, groups };
}

export function instanceAt(context: VrrpContext, index: number): InstanceState {
  return itemAt(context.instances, index, 'instance');
}

export function groupAt(context: VrrpContext, index: number): GroupState {
  return itemAt(context.groups, index, 'group');
}

export function change(context: VrrpContext, index: number, patch: Partial<InstanceState>): InstanceState {
  const changed = { ...instanceAt(context, index), ...patch };
  context.instances[index] = changed;
  return changed;
}

export function changeGroup(context: VrrpContext, index: number, state: VrrpState): void {
  context.groups[index] = { ...groupAt(context, index), state };
}

export function count(context: VrrpContext, index: number, counter: keyof Counters, by = 1): void {
  const { counters } = instanceAt(context, index);
  change(context, index, { counters: { ...counters, [counter]: counters[counter] + by } });
}

/** A line about an instance: `(NAME) text`. */
export function logInstance(context: VrrpContext, index: number, text: string, level: LogLevel = 'info'): void {
  log(context, `(${instanceAt(context, index).config.name}) ${text}`, level);
}

/** A line about an instance that is logged only with -D: `(NAME) text`. */
export function logInstanceDetail(context: VrrpContext, index: number, text: string): void {
  logDetail(context, `(${instanceAt(context, index).config.name}) ${text}`);
}

/** `logInstance`, bounded per instance and `kind`. */
export function logInstanceBounded(context: VrrpContext, index: number, kind: string, text: string, level: LogLevel = 'info'): void {
  const { budgets, suffix } = spendBudget(instanceAt(context, index).budgets, kind, context.atUs);
  change(context, index, { budgets });
  if (suffix !== undefined) logInstance(context, index, `${text}${suffix}`, level);
}
