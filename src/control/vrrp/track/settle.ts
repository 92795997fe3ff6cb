// After something that is watched changed: the effective priority anew, and FAULT or the way back from it.

import { failInstance, recover } from '../election/sync-group.js';
import { masterDownUs } from '../election/timing.js';
import { notifyInstance } from '../send/notify.js';
import { change, instanceAt, log, say, type Work } from '../step-context.js';
import { effectivePriority, fileFault, healthOf } from './health.js';

export function settleAll(work: Work): void {
  for (let index = 0; index < work.instances.length; index++) settle(work, index);
}

export function settle(work: Work, index: number): void {
  const before = instanceAt(work, index);
  weigh(work, index);
  const { faults, pending, state } = instanceAt(work, index);
  logFiles(work, index, before.faults, faults);
  if (faults.length > 0) {
    if (state !== 'fault') failInstance(work, index);
  } else if ((state === 'fault' || state === 'init') && !pending) {
    recover(work, index);
  }
}

/** Health and effective priority, without acting on faults. */
export function weigh(work: Work, index: number): void {
  const before = instanceAt(work, index);
  const { weight, faults, pending } = healthOf(work.machine, before);
  const priority = effectivePriority(before.basePriority, weight);
  const same = faults.length === before.faults.length && faults.every((fault, at) => fault === before.faults[at]);
  if (same && pending === before.pending && priority === before.priority && before.totalPriority === before.basePriority + weight) return;
  const after = change(work, index, { faults, pending, priority, totalPriority: before.basePriority + weight });
  if (priority === before.priority) return;
  if (faults.length <= before.faults.length) log(work, index, `Changing effective priority from ${before.priority} to ${priority}`);
  if (after.state === 'backup' && after.timerAtUs !== undefined) {
    change(work, index, { timerAtUs: after.timerAtUs + masterDownUs(after) - masterDownUs(before) });
  }
  if (before.config.notify.priorityChanges) notifyInstance(work, index, after.state === 'master' ? 'MASTER_PRIORITY' : 'BACKUP_PRIORITY');
}

function logFiles(work: Work, index: number, before: readonly string[], after: readonly string[]): void {
  const { config } = instanceAt(work, index);
  for (const { name } of config.track.files) {
    const fault = fileFault(name);
    if (before.includes(fault) === after.includes(fault)) continue;
    say(work, `(${config.name}): ${fault} ${after.includes(fault) ? 'now' : 'leaving'} FAULT state`);
  }
}
