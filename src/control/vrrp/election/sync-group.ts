// Sync groups: the members become master together, and a fault of one is a fault of all. An instance without a group is a group of one.
import type { Address } from '../../../model/address.js';
import { log } from '../../machine.js';
import { change, changeGroup, groupAt, instanceAt, type VrrpContext } from '../context.js';
import type { VrrpState } from '../messages.js';
import { notifyGroup } from '../send/notify.js';
import { enterBackup, enterFault, enterMaster } from './enter-state.js';
import { isEagerOwner, recoveryUs, sendOwnArp } from './recovery.js';
import { handoverUs, masterDownUs } from './timing.js';

/** The down timer ended: it becomes master now, or as soon as every other member wants to, too. */
export function tryMaster(context: VrrpContext, index: number): void {
  const instance = change(context, index, { want: 'master' });
  const others = groupPeers(context, index);
  const waits = others.some((peer) => instanceAt(context, peer).want !== 'master');
  if (waits && groupState(context, index) !== 'master') {
    change(context, index, { timerAtUs: context.atUs + masterDownUs(instance) });
    return;
  }
  enterMaster(context, index);
  moveGroup(context, index, 'master', (peer) => joinMasters(context, peer), ['backup']);
}

/** A member that was added by a reload waits for its own down timer. */
function joinMasters(context: VrrpContext, index: number): void {
  if (instanceAt(context, index).want === 'master') enterMaster(context, index);
}

/** There is a better master, or another program removed our addresses (`zero`: then priority 0 is sent). */
export function fallBack(context: VrrpContext, index: number, timerAtUs: number, zero = false): void {
  enterBackup(context, index, { timerAtUs, zero });
  moveGroup(context, index, 'backup', (peer) => stepDown(context, peer, zero), ['master']);
}

/** Leaves the addresses to a better master, and follows it as if its last advert had come just now. */
export function yieldTo(context: VrrpContext, index: number, address: Address, priority: number): void {
  const instance = change(context, index, { master: { address, priority, receivedAtUs: context.atUs, fastRun: 0 } });
  fallBack(context, index, context.atUs + masterDownUs(instance));
}

/** A new member of a group of masters received adverts of another master: the group goes back to BACKUP with it. */
export function joinForeignMaster(context: VrrpContext, index: number): void {
  if (groupState(context, index) === 'master') moveGroup(context, index, 'backup', (peer) => stepDown(context, peer, false), ['master']);
}

function stepDown(context: VrrpContext, index: number, zero: boolean): void {
  const instance = instanceAt(context, index);
  enterBackup(context, index, { timerAtUs: context.atUs + (zero ? handoverUs(instance) : masterDownUs(instance)), zero });
}

/** The instance goes to FAULT, and its group with it. Masters among them send priority 0, so that their backups need not wait. */
export function failInstance(context: VrrpContext, index: number): void {
  enterFault(context, index);
  moveGroup(context, index, 'fault', (peer) => enterFault(context, peer), ['init', 'backup', 'master']);
}

/**
 * Leads an instance whose faults are gone, or whose trackers have reported, to BACKUP once no member has faults; owners that start become master.
 */
export function recover(context: VrrpContext, index: number, remark?: string): void {
  const all = [index, ...groupPeers(context, index)];
  if (all.some((member) => instanceAt(context, member).faults.length > 0 || instanceAt(context, member).pending)) return;
  if (all.every((member) => startsAsMaster(context, member))) {
    for (const member of all) change(context, member, { want: 'master' });
    enterMaster(context, index);
    moveGroup(context, index, 'master', (peer) => joinMasters(context, peer), ['init']);
    return;
  }
  leaveFault(context, index, remark);
  moveGroup(context, index, 'backup', (peer) => leaveFault(context, peer, remark), ['init', 'fault']);
}

/** An owner that was held up only by trackers that had not reported yet. After a FAULT it waits, as any other. */
function startsAsMaster(context: VrrpContext, index: number): boolean {
  const instance = instanceAt(context, index);
  return instance.state === 'init' && isEagerOwner(instance) && context.machine.ignoreUntilUs <= context.atUs;
}

function leaveFault(context: VrrpContext, index: number, remark = ''): void {
  const fromUs = Math.max(context.atUs, context.machine.ignoreUntilUs);
  // RFC 9568 §6.4.1: it starts with its own interval, not with that of an earlier master.
  const instance = change(context, index, { advertUs: instanceAt(context, index).config.advertUs });
  enterBackup(context, index, { timerAtUs: fromUs + recoveryUs(instance), remark, zero: false });
  sendOwnArp(context, index);
}

/** The other members of the instance's sync group. */
export function groupPeers(context: VrrpContext, index: number): readonly number[] {
  const { group } = instanceAt(context, index);
  return group < 0 ? [] : groupAt(context, group).members.filter((member) => member !== index);
}

function groupState(context: VrrpContext, index: number): VrrpState | undefined {
  const { group } = instanceAt(context, index);
  return group < 0 ? undefined : groupAt(context, group).state;
}

/** Moves the group peers that are in one of the states `from` to `state`, then notifies for the group. */
function moveGroup(
  context: VrrpContext,
  index: number,
  state: 'master' | 'backup' | 'fault',
  move: (peer: number) => void,
  from: readonly VrrpState[],
): void {
  const { group } = instanceAt(context, index);
  if (group < 0) return;
  const others = groupPeers(context, index).filter((peer) => from.includes(instanceAt(context, peer).state));
  if (groupAt(context, group).state === state && others.length === 0) return;
  log(context, `VRRP_Group(${groupAt(context, group).config.name}) Syncing instances to ${state.toUpperCase()} state`);
  for (const peer of others) move(peer);
  changeGroup(context, group, state);
  notifyGroup(context, group, state === 'master' ? 'MASTER' : state === 'backup' ? 'BACKUP' : 'FAULT');
}
