// Acts on the health of instances after a change: updates the effective priority, and enters or leaves FAULT.

import { log } from '../../machine.js';
import { change, instanceAt, logInstance, type VrrpContext } from '../context.js';
import { failInstance, recover } from '../election/sync-group.js';
import { masterDownUs, RELEASED_PRIORITY } from '../election/timing.js';
import { notifyInstance } from '../send/notify.js';
import { effectivePriority, fileFault, healthOf, UNICAST_SOURCE_FAULT } from './health.js';

export function settleAll(context: VrrpContext): void {
  for (let index = 0; index < context.instances.length; index++) settle(context, index);
}

export function settle(context: VrrpContext, index: number): void {
  const before = instanceAt(context, index);
  updatePriority(context, index);
  const { faults, pending, state } = instanceAt(context, index);
  logFiles(context, index, before.faults, faults);
  logSource(context, index, before.faults);
  if (faults.length > 0) {
    if (state !== 'fault') failInstance(context, index);
  } else if ((state === 'fault' || state === 'init') && !pending) {
    recover(context, index);
  }
}

/** Updates health and effective priority, without acting on faults. */
export function updatePriority(context: VrrpContext, index: number): void {
  const before = instanceAt(context, index);
  const { weight, faults, pending } = healthOf(context.machine, before);
  const priority = before.release === undefined ? effectivePriority(before.basePriority, weight) : RELEASED_PRIORITY;
  const same = faults.length === before.faults.length && faults.every((fault, at) => fault === before.faults[at]);
  if (same && pending === before.pending && priority === before.priority && before.totalPriority === before.basePriority + weight) return;
  const after = change(context, index, { faults, pending, priority, totalPriority: before.basePriority + weight });
  if (priority === before.priority) return;
  if (faults.length <= before.faults.length)
    logInstance(context, index, `Changing effective priority from ${before.priority} to ${priority}`);
  if (after.state === 'backup' && after.timerAtUs !== undefined) {
    change(context, index, { timerAtUs: after.timerAtUs + masterDownUs(after) - masterDownUs(before) });
  }
  if (before.config.notify.priorityChanges)
    notifyInstance(context, index, after.state === 'master' ? 'MASTER_PRIORITY' : 'BACKUP_PRIORITY');
}

/** Logs that the unicast source address is missing since `before`. */
export function logSource(context: VrrpContext, index: number, before: readonly string[]): void {
  const { config, faults } = instanceAt(context, index);
  if (!faults.includes(UNICAST_SOURCE_FAULT) || before.includes(UNICAST_SOURCE_FAULT)) return;
  log(context, `(${config.name}): entering FAULT state (${UNICAST_SOURCE_FAULT})`);
}

function logFiles(context: VrrpContext, index: number, before: readonly string[], after: readonly string[]): void {
  const { config } = instanceAt(context, index);
  for (const { name } of config.track.files) {
    const fault = fileFault(name);
    if (before.includes(fault) === after.includes(fault)) continue;
    log(context, `(${config.name}): ${fault} ${after.includes(fault) ? 'now' : 'leaving'} FAULT state`);
  }
}
