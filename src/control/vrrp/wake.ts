// Time: which timers are due, in which order, and what to make of a host that ran this process too late.

import { sendInTurn } from './election/master.js';
import { fallBack, tryMaster } from './election/sync-group.js';
import { masterDownUs, sendIntervalUs, skewUs } from './election/timing.js';
import { nextRetryUs, retryVirtualInterfaces } from './interfaces/virtual-interfaces.js';
import { splitDueUs, tendSplit } from './receive/split-brain.js';
import { announceDue, nextAnnounceUs } from './send/announce.js';
import type { InstanceState, VrrpMachine } from './state.js';
import { change, detail, instanceAt, log, sayBounded, type Work } from './step-context.js';
import { applyDueLinks, nextLinkUs } from './track/interfaces.js';

const second = 1_000_000;

/** Does everything that is due. */
export function wake(work: Work): void {
  applyDueLinks(work);
  retryVirtualInterfaces(work);
  const lateUs = lateness(work);
  for (let index = 0; index < work.instances.length; index++) stepDownIfLate(work, index);
  for (let index = 0; index < work.instances.length; index++) {
    if (nextDueUs(instanceAt(work, index)) <= work.atUs) wakeInstance(work, index, lateUs);
  }
  if (lateUs > 0) work.machine = { ...work.machine, lateWakes: work.machine.lateWakes + 1 };
}

/** `lateUs`: how late the whole process is. An instance whose own timer ended just now has heard nothing for as long as the others. */
function wakeInstance(work: Work, index: number, lateUs: number): void {
  const { timerAtUs, state } = instanceAt(work, index);
  if (timerAtUs !== undefined && timerAtUs <= work.atUs) {
    if (state === 'backup') expireBackup(work, index, Math.max(lateUs, work.atUs - timerAtUs));
    else if (state === 'master') sendInTurn(work, index);
  }
  announceDue(work, index);
  tendSplit(work, index);
}

/** How much later than promised this step is, where that is worth saying; else 0. */
function lateness(work: Work): number {
  const { promisedUs } = work.machine;
  const lateUs = promisedUs === undefined ? 0 : work.atUs - promisedUs;
  if (lateUs < lateBoundUs(work)) return 0;
  sayBounded(
    work,
    'late',
    `A thread timer expired ${(lateUs / second).toFixed(6)} seconds ago: this host or its load kept us from running`,
    'warning',
  );
  return lateUs;
}

/** A second, as in keepalived; less where adverts come more often. */
function lateBoundUs(work: Work): number {
  let bound = second;
  for (const instance of work.instances) bound = Math.min(bound, Math.max(50_000, 2 * sendIntervalUs(instance)));
  return bound;
}

/**
 * The master was silent for too long, or so it seems: after a pause of our own its adverts may lie unread, or were lost while the
 * whole machine stood still. Then we listen for one advert more, so that a sleeping host does not wake up as a second master.
 */
function expireBackup(work: Work, index: number, lateUs: number): void {
  const instance = instanceAt(work, index);
  if (lateUs >= Math.min(second, instance.advertUs) && instance.timerAtUs !== undefined) {
    log(work, index, `timer ran ${(lateUs / second).toFixed(3)} s late: listening once more before taking over`, 'warning');
    change(work, index, { timerAtUs: work.atUs + Math.min(masterDownUs(instance), instance.advertUs + skewUs(instance)) });
    return;
  }
  detail(work, index, 'Receive advertisement timeout');
  tryMaster(work, index);
}

/** Before anything is sent: with nopreempt a master that ran too late has been overtaken. */
function stepDownIfLate(work: Work, index: number): void {
  const instance = instanceAt(work, index);
  const lateUs = work.atUs - (instance.timerAtUs ?? work.atUs);
  if (instance.state !== 'master' || !lostByLateness(instance, lateUs)) return;
  log(work, index, `advert timer ran ${(lateUs / second).toFixed(3)} s late, a backup will have taken over: stepping down`, 'warning');
  fallBack(work, index, work.atUs + masterDownUs(instance));
}

/** timer_expired_backup N: with nopreempt, late enough for a backup of priority N to have become master. */
function lostByLateness(instance: InstanceState, lateUs: number): boolean {
  const { timerExpiredBackup, nopreempt, downTimerAdverts } = instance.config;
  if (timerExpiredBackup === undefined || !nopreempt) return false;
  const rival = { ...instance, priority: timerExpiredBackup };
  return lateUs + sendIntervalUs(instance) >= downTimerAdverts * instance.advertUs + skewUs(rival);
}

/** The next moment at which time alone makes something happen. */
export function nextWakeUs(machine: VrrpMachine): number | undefined {
  let next = Math.min(nextLinkUs(machine), nextRetryUs(machine));
  for (const instance of machine.instances) next = Math.min(next, nextDueUs(instance));
  return next === Number.POSITIVE_INFINITY ? undefined : next;
}

function nextDueUs(instance: InstanceState): number {
  const timer = instance.timerAtUs ?? Number.POSITIVE_INFINITY;
  return instance.state === 'master' ? Math.min(timer, nextAnnounceUs(instance), splitDueUs(instance)) : timer;
}
