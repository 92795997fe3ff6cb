// Starts instances: removes what a crashed process left behind, then each instance enters its first state.

import { log } from '../../machine.js';
import { change, changeGroup, groupAt, instanceAt, logInstance, logInstanceDetail, type VrrpContext } from '../context.js';
import { enterBackup } from '../election/enter-state.js';
import { isEagerOwner } from '../election/recovery.js';
import { failInstance, tryMaster } from '../election/sync-group.js';
import { masterDownUs, transitionTimes } from '../election/timing.js';
import { changeVirtualInterfaces } from '../interfaces/virtual-interfaces.js';
import type { VrrpState } from '../messages.js';
import { removeResources } from '../resources/host-resources.js';
import { notifyGroup, notifyInstance } from '../send/notify.js';
import { UNICAST_SOURCE_FAULT } from '../track/health.js';
import { updatePriority } from '../track/settle.js';

/**
 * @param fresh indices of instances that were not there before
 * @param clean whether a run before this one may have left addresses: not at a reload
 */
export function startInstances(context: VrrpContext, fresh: readonly number[], clean: boolean): void {
  for (const index of fresh) {
    changeVirtualInterfaces(context, index, 'create');
    updatePriority(context, index);
    logFaults(context, index);
  }
  for (const index of clean ? fresh : []) removeResources(context, index);
  for (const index of context.groups.keys()) startGroup(context, index);
  for (const index of fresh) enterFirst(context, index);
  for (const { members } of context.groups) failTogether(context, members);
}

/** A new member in FAULT moves an existing group to FAULT. */
function failTogether(context: VrrpContext, members: readonly number[]): void {
  const unfit = members.some((member) => instanceAt(context, member).state === 'fault');
  const standing = members.find((member) => instanceAt(context, member).state !== 'fault');
  if (unfit && standing !== undefined) failInstance(context, standing);
}

/** Faults of scripts are logged with their results. */
function logFaults(context: VrrpContext, index: number): void {
  const { config, faults } = instanceAt(context, index);
  const reported = faults.filter((fault) => !fault.startsWith('script '));
  for (const fault of reported) {
    if (fault.startsWith('interface ') || fault === UNICAST_SOURCE_FAULT) log(context, `(${config.name}): entering FAULT state (${fault})`);
    else logInstance(context, index, `entering FAULT state (${fault})`);
  }
  if (reported.length > 0) logInstance(context, index, 'entering FAULT state');
}

/** The state that a new instance's health allows: fault, init (a tracker has not reported yet), or backup. */
function fitness(context: VrrpContext, index: number): VrrpState {
  const { group } = instanceAt(context, index);
  const members = group < 0 ? [index] : groupAt(context, group).members;
  if (members.some((member) => instanceAt(context, member).faults.length > 0)) return 'fault';
  return members.some((member) => instanceAt(context, member).pending) ? 'init' : 'backup';
}

/** At the start, groups are notified before their members. A group that already has masters keeps them. */
function startGroup(context: VrrpContext, index: number): void {
  const states = new Set(groupAt(context, index).members.map((member) => instanceAt(context, member).state));
  const standing = (['fault', 'master', 'backup'] as const).find((state) => states.has(state));
  if (standing !== undefined || states.size === 0) {
    if (standing !== undefined) changeGroup(context, index, standing);
    return;
  }
  const { members } = groupAt(context, index);
  const state = fitness(context, members[0] ?? 0);
  changeGroup(context, index, state);
  if (state === 'fault') notifyGroup(context, index, 'FAULT');
  else if (state === 'backup' && !members.every((member) => isEagerOwner(instanceAt(context, member))))
    notifyGroup(context, index, 'BACKUP');
}

function enterFirst(context: VrrpContext, index: number): void {
  const instance = instanceAt(context, index);
  const { ignoreUntilUs } = context.machine;
  if (instance.state !== 'init') return;
  const fit = fitness(context, index);
  if (fit === 'fault') {
    change(context, index, { state: 'fault', want: 'fault', ...transitionTimes(context) });
    notifyInstance(context, index, 'FAULT');
  } else if (fit === 'backup' && isEagerOwner(instance) && ignoreUntilUs <= context.atUs) {
    logInstanceDetail(context, index, 'Receive advertisement timeout');
    tryMaster(context, index);
    waitAsBackup(context, index);
  } else if (fit === 'backup') {
    const fromUs = Math.max(context.atUs, ignoreUntilUs);
    const timerAtUs = isEagerOwner(instance) ? fromUs : fromUs + masterDownUs(instance);
    enterBackup(context, index, { timerAtUs, remark: ' (init)', zero: false });
  }
}

/** For an owner whose group is not ready. */
function waitAsBackup(context: VrrpContext, index: number): void {
  const { state, timerAtUs } = instanceAt(context, index);
  if (state !== 'init' || timerAtUs === undefined) return;
  enterBackup(context, index, { timerAtUs, remark: ' (init)', zero: false });
  change(context, index, { want: 'master' });
}
