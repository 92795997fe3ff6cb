// The first moments of instances: what a crashed predecessor left is taken away, then each enters the state it is fit for.
import { enterBackup } from '../election/election.js';
import { failInstance, tryMaster } from '../election/sync-group.js';
import { masterDownUs } from '../election/timing.js';
import { moveVirtualInterfaces } from '../interfaces/virtual-interfaces.js';
import type { VrrpState } from '../messages.js';
import { releaseAddresses } from '../resources/host-resources.js';
import { notifyGroup, notifyInstance } from '../send/notify.js';
import { change, changeGroup, detail, groupAt, instanceAt, log, say, type Work } from '../step-context.js';
import { isEagerOwner } from '../track/health.js';
import { weigh } from '../track/settle.js';

/**
 * @param fresh indices of instances that were not there before
 * @param clean whether a run before this one may have left addresses: not at a reload
 */
export function startInstances(work: Work, fresh: readonly number[], clean: boolean): void {
  for (const index of fresh) {
    moveVirtualInterfaces(work, index, 'create');
    weigh(work, index);
    logFaults(work, index);
  }
  for (const index of clean ? fresh : []) releaseAddresses(work, index);
  for (const index of work.groups.keys()) startGroup(work, index);
  for (const index of fresh) enterFirst(work, index);
  for (const { members } of work.groups) failTogether(work, members);
}

/** A new member that is unfit takes a group along that stood before. */
function failTogether(work: Work, members: readonly number[]): void {
  const unfit = members.some((member) => instanceAt(work, member).state === 'fault');
  const standing = members.find((member) => instanceAt(work, member).state !== 'fault');
  if (unfit && standing !== undefined) failInstance(work, standing);
}

/** What scripts say is told as their verdicts. */
function logFaults(work: Work, index: number): void {
  const { config, faults } = instanceAt(work, index);
  const told = faults.filter((fault) => !fault.startsWith('script '));
  for (const fault of told) {
    if (fault.startsWith('interface ')) say(work, `(${config.name}): entering FAULT state (${fault})`);
    else log(work, index, `entering FAULT state (${fault})`);
  }
  if (told.length > 0) log(work, index, 'entering FAULT state');
}

/** The state that a new instance's health allows: fault, init (something has not been heard of), or backup. */
function fitness(work: Work, index: number): VrrpState {
  const { group } = instanceAt(work, index);
  const members = group < 0 ? [index] : groupAt(work, group).members;
  if (members.some((member) => instanceAt(work, member).faults.length > 0)) return 'fault';
  return members.some((member) => instanceAt(work, member).pending) ? 'init' : 'backup';
}

/** Groups are told of before their members, at a start only. A group that has masters already keeps them. */
function startGroup(work: Work, index: number): void {
  const states = new Set(groupAt(work, index).members.map((member) => instanceAt(work, member).state));
  const standing = (['fault', 'master', 'backup'] as const).find((state) => states.has(state));
  if (standing !== undefined || states.size === 0) {
    if (standing !== undefined) changeGroup(work, index, standing);
    return;
  }
  const { members } = groupAt(work, index);
  const state = fitness(work, members[0] ?? 0);
  changeGroup(work, index, state);
  if (state === 'fault') notifyGroup(work, index, 'FAULT');
  else if (state === 'backup' && !members.every((member) => isEagerOwner(instanceAt(work, member)))) notifyGroup(work, index, 'BACKUP');
}

function enterFirst(work: Work, index: number): void {
  const instance = instanceAt(work, index);
  const { deafUntilUs } = work.machine;
  if (instance.state !== 'init') return;
  const fit = fitness(work, index);
  if (fit === 'fault') {
    change(work, index, { state: 'fault', want: 'fault', lastTransitionUs: work.atUs });
    notifyInstance(work, index, 'FAULT');
  } else if (fit === 'backup' && isEagerOwner(instance) && deafUntilUs <= work.atUs) {
    detail(work, index, 'Receive advertisement timeout');
    tryMaster(work, index);
    waitAsBackup(work, index);
  } else if (fit === 'backup') {
    const fromUs = Math.max(work.atUs, deafUntilUs);
    const timerAtUs = isEagerOwner(instance) ? fromUs : fromUs + masterDownUs(instance);
    enterBackup(work, index, { timerAtUs, remark: ' (init)', zero: false });
  }
}

/** An owner whose group is not ready. */
function waitAsBackup(work: Work, index: number): void {
  const { state, timerAtUs } = instanceAt(work, index);
  if (state !== 'init' || timerAtUs === undefined) return;
  enterBackup(work, index, { timerAtUs, remark: ' (init)', zero: false });
  change(work, index, { want: 'master' });
}
