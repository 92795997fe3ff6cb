// Timers: which are due, in which order, and what to do when the host ran this process too late.

import { logBounded } from '../machine.js';
import { change, instanceAt, logInstance, logInstanceDetail, type VrrpContext } from './context.js';
import { sendInTurn } from './election/master-adverts.js';
import { fallBack, tryMaster } from './election/sync-group.js';
import { masterDownUs, sendIntervalUs, skewUs } from './election/timing.js';
import { nextRetryUs, retryVirtualInterfaces } from './interfaces/virtual-interfaces.js';
import { nextSplitUs, updateSplit } from './receive/split-brain.js';
import { announceDue, nextAnnounceUs } from './send/announce.js';
import type { InstanceState } from './state/instance-state.js';
import type { VrrpMachine } from './state/vrrp-machine.js';
import { applyDueInterfaces, nextInterfaceUs } from './track/interface-reports.js';

const SECOND_US = 1_000_000;

/** Does everything that is due. */
export function wake(context: VrrpContext): void {
  applyDueInterfaces(context);
  retryVirtualInterfaces(context);
  const lateUs = lateness(context);
  for (let index = 0; index < context.instances.length; index++) stepDownIfLate(context, index);
  for (let index = 0; index < context.instances.length; index++) {
    if (nextDueUs(instanceAt(context, index)) <= context.atUs) wakeInstance(context, index, lateUs);
  }
  if (lateUs > 0) context.machine = { ...context.machine, lateWakes: context.machine.lateWakes + 1 };
}

/** `lateUs`: how late the whole process is. That counts also for an instance whose own timer ended just now: it received nothing either. */
function wakeInstance(context: VrrpContext, index: number, lateUs: number): void {
  const { timerAtUs, state } = instanceAt(context, index);
  if (timerAtUs !== undefined && timerAtUs <= context.atUs) {
    if (state === 'backup') expireBackup(context, index, Math.max(lateUs, context.atUs - timerAtUs));
    else if (state === 'master') sendInTurn(context, index);
  }
  announceDue(context, index);
  updateSplit(context, index);
}

/** How late this step is, if that is worth a log line; else 0. */
function lateness(context: VrrpContext): number {
  const { promisedUs } = context.machine;
  const lateUs = promisedUs === undefined ? 0 : context.atUs - promisedUs;
  if (lateUs < lateBoundUs(context)) return 0;
  logBounded(
    context,
    'late',
    [`A thread timer expired ${(lateUs / SECOND_US).toFixed(6)} seconds ago: this host or its load kept us from running`],
    { level: 'warning' },
  );
  return lateUs;
}

/** One second, as in keepalived; less where adverts are more frequent. */
function lateBoundUs(context: VrrpContext): number {
  let bound = SECOND_US;
  for (const instance of context.instances) bound = Math.min(bound, Math.max(50_000, 2 * sendIntervalUs(instance)));
  return bound;
}

/**
 * The master seems to be silent. After a pause of our own, its adverts may be unread, or were lost while the whole host was suspended.
 * Then we wait for one more advert, so that a suspended host does not wake up as a second master.
 */
function expireBackup(context: VrrpContext, index: number, lateUs: number): void {
  const instance = instanceAt(context, index);
  if (lateUs >= Math.min(SECOND_US, instance.advertUs) && instance.timerAtUs !== undefined) {
    logInstance(context, index, `timer ran ${(lateUs / SECOND_US).toFixed(3)} s late: listening once more before taking over`, 'warning');
    change(context, index, { timerAtUs: context.atUs + Math.min(masterDownUs(instance), instance.advertUs + skewUs(instance)) });
    return;
  }
  logInstanceDetail(context, index, 'Receive advertisement timeout');
  tryMaster(context, index);
}

/** Runs before anything is sent: with nopreempt, a master that ran too late has been replaced. */
function stepDownIfLate(context: VrrpContext, index: number): void {
  const instance = instanceAt(context, index);
  const lateUs = context.atUs - (instance.timerAtUs ?? context.atUs);
  if (instance.state !== 'master' || !lostByLateness(instance, lateUs)) return;
  logInstance(
    context,
    index,
    `advert timer ran ${(lateUs / SECOND_US).toFixed(3)} s late, a backup will have taken over: stepping down`,
    'warning',
  );
  fallBack(context, index, context.atUs + masterDownUs(instance));
}

/** timer_expired_backup N, with nopreempt: whether it was late enough for a backup of priority N to become master. */
function lostByLateness(instance: InstanceState, lateUs: number): boolean {
  const { timerExpiredBackup, nopreempt, downTimerAdverts } = instance.config;
  if (timerExpiredBackup === undefined || !nopreempt) return false;
  const rival = { ...instance, priority: timerExpiredBackup };
  return lateUs + sendIntervalUs(instance) >= downTimerAdverts * instance.advertUs + skewUs(rival);
}

/** When the next timer is due. */
export function nextWakeUs(machine: VrrpMachine): number | undefined {
  let next = Math.min(nextInterfaceUs(machine), nextRetryUs(machine));
  for (const instance of machine.instances) next = Math.min(next, nextDueUs(instance));
  return next === Number.POSITIVE_INFINITY ? undefined : next;
}

function nextDueUs(instance: InstanceState): number {
  const timer = instance.timerAtUs ?? Number.POSITIVE_INFINITY;
  return instance.state === 'master' ? Math.min(timer, nextAnnounceUs(instance), nextSplitUs(instance)) : timer;
}
