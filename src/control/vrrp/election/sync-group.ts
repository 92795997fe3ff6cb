// Sync groups: members become master together, and what drags one down drags all. An instance without a group is a group of one.
import type { Address } from '../../../model/address.js';
import type { VrrpState } from '../messages.js';
import { notifyGroup } from '../send/notify.js';
import { change, changeGroup, groupAt, instanceAt, say, type Work } from '../step-context.js';
import { enterBackup, enterFault, enterMaster } from './election.js';
import { recoveryUs, sendOwnArp } from './recovery.js';
import { handoverUs, masterDownUs } from './timing.js';

/** Its time has come: master at once, or as soon as every other member wants it, too. */
export function tryMaster(work: Work, index: number): void {
  const instance = change(work, index, { want: 'master' });
  const others = mates(work, index);
  const waits = others.some((mate) => instanceAt(work, mate).want !== 'master');
  if (waits && groupState(work, index) !== 'master') {
    change(work, index, { timerAtUs: work.atUs + masterDownUs(instance) });
    return;
  }
  enterMaster(work, index);
  follow(work, index, 'master', (mate) => joinMasters(work, mate), ['backup']);
}

/** A member that came by a reload still listens: its own time is to come. */
function joinMasters(work: Work, index: number): void {
  if (instanceAt(work, index).want === 'master') enterMaster(work, index);
}

/** A better master is there, or our hold on the addresses was broken (`zero`: the others are told so). */
export function fallBack(work: Work, index: number, timerAtUs: number, zero = false): void {
  enterBackup(work, index, { timerAtUs, zero });
  follow(work, index, 'backup', (mate) => stepDown(work, mate, zero), ['master']);
}

/** Another master is the better one: followed as if its last advert had come just now. */
export function yieldTo(work: Work, index: number, address: Address, priority: number): void {
  const instance = change(work, index, { master: { address, priority, heardAtUs: work.atUs, fastRun: 0 } });
  fallBack(work, index, work.atUs + masterDownUs(instance));
}

/** A member that joined a group of masters met a master of its own: the group goes back to BACKUP with it. */
export function joinForeignMaster(work: Work, index: number): void {
  if (groupState(work, index) === 'master') follow(work, index, 'backup', (mate) => stepDown(work, mate, false), ['master']);
}

function stepDown(work: Work, index: number, zero: boolean): void {
  const instance = instanceAt(work, index);
  enterBackup(work, index, { timerAtUs: work.atUs + (zero ? handoverUs(instance) : masterDownUs(instance)), zero });
}

/** The instance is unfit, and with it its group. Members that were masters say goodbye, so that their backups need not wait. */
export function failInstance(work: Work, index: number): void {
  enterFault(work, index);
  follow(work, index, 'fault', (mate) => enterFault(work, mate), ['init', 'backup', 'master']);
}

/** Its reasons for FAULT are gone: back to BACKUP, once no member has reasons left. */
export function recover(work: Work, index: number, remark?: string): void {
  const all = [index, ...mates(work, index)];
  if (all.some((member) => instanceAt(work, member).faults.length > 0 || instanceAt(work, member).pending)) return;
  comeBack(work, index, remark);
  follow(work, index, 'backup', (mate) => comeBack(work, mate, remark), ['init', 'fault']);
}

function comeBack(work: Work, index: number, remark = ''): void {
  const fromUs = Math.max(work.atUs, work.machine.deafUntilUs);
  // RFC 9568 §6.4.1: by its own interval, whatever it followed before.
  const instance = change(work, index, { advertUs: instanceAt(work, index).config.advertUs });
  enterBackup(work, index, { timerAtUs: fromUs + recoveryUs(instance), remark, zero: false });
  sendOwnArp(work, index);
}

/** The other members. */
export function mates(work: Work, index: number): readonly number[] {
  const { group } = instanceAt(work, index);
  return group < 0 ? [] : groupAt(work, group).members.filter((member) => member !== index);
}

function groupState(work: Work, index: number): VrrpState | undefined {
  const { group } = instanceAt(work, index);
  return group < 0 ? undefined : groupAt(work, group).state;
}

/** Takes the mates that are in one of `from` along into `state`, and tells of the group after its members. */
function follow(
  work: Work,
  index: number,
  state: 'master' | 'backup' | 'fault',
  move: (mate: number) => void,
  from: readonly VrrpState[],
): void {
  const { group } = instanceAt(work, index);
  if (group < 0) return;
  const others = mates(work, index).filter((mate) => from.includes(instanceAt(work, mate).state));
  if (groupAt(work, group).state === state && others.length === 0) return;
  say(work, `VRRP_Group(${groupAt(work, group).config.name}) Syncing instances to ${state.toUpperCase()} state`);
  for (const mate of others) move(mate);
  changeGroup(work, group, state);
  notifyGroup(work, group, state === 'master' ? 'MASTER' : state === 'backup' ? 'BACKUP' : 'FAULT');
}
