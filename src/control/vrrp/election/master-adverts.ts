// A master's adverts, at their interval or out of turn, and the refreshes of gratuitous ARP that leave with them. A released master sends priority 0, and
// so does its whole sync group at that moment: a backup takes over only when it wants to with all members, and with nopreempt any later advert ends that.

import { change, instanceAt, type VrrpContext } from '../context.js';
import { sendAdvert, sendZeroPriority } from '../send/advert.js';
import { refresh } from '../send/announce.js';
import type { InstanceState } from '../state/instance-state.js';
import { groupPeers } from './sync-group.js';
import { sendIntervalUs, skewMaxUs } from './timing.js';

/** A backup may have missed a priority 0: it comes again after so many adverts of the group's most frequent ones ... */
const ZERO_AGAIN_ADVERTS = 10;
/** ... and after so many silences at least, so that a backup also counts this master as alive. */
const ZERO_AGAIN_SILENCES = 2;

/** The interval is over. The next advert is due an interval after this one was, unless this one was very late. */
export function sendInTurn(context: VrrpContext, index: number): void {
  const instance = instanceAt(context, index);
  if (isZeroDue(context, instance)) {
    sendZeros(context, index);
    return;
  }
  send(context, index);
  const interval = sendIntervalUs(instance);
  const next = (instance.timerAtUs ?? context.atUs) + interval;
  change(context, index, { timerAtUs: next > context.atUs + interval / 2 ? next : context.atUs + interval });
}

/** Sends an advert out of turn; the next one follows an interval later. While backups are to take over, it sends none. */
export function sendNow(context: VrrpContext, index: number): void {
  const instance = instanceAt(context, index);
  if (isZeroDue(context, instance)) {
    sendZeros(context, index);
    return;
  }
  if (context.atUs < (instance.release?.silentUntilUs ?? 0)) return;
  send(context, index);
  change(context, index, { timerAtUs: context.atUs + sendIntervalUs(instance) });
}

function send(context: VrrpContext, index: number): void {
  sendAdvert(context, index);
  refresh(context, index);
}

const isZeroDue = ({ atUs }: VrrpContext, { release }: InstanceState): boolean => release !== undefined && atUs >= release.zeroAtUs;

/** Priority 0 of all masters of the group, then silence until the slowest of its backups has had the time to take over. */
function sendZeros(context: VrrpContext, index: number): void {
  const members = [index, ...groupPeers(context, index)].filter((member) => instanceAt(context, member).state === 'master');
  const instances = members.map((member) => instanceAt(context, member));
  const intervals = instances.map(sendIntervalUs);
  const silentUs = Math.max(...intervals, ...instances.map(skewMaxUs));
  const againUs = Math.max(ZERO_AGAIN_ADVERTS * Math.min(...intervals), ZERO_AGAIN_SILENCES * silentUs);
  const release = { zeroAtUs: context.atUs + againUs, silentUntilUs: context.atUs + silentUs };
  for (const member of members) {
    sendZeroPriority(context, member);
    change(context, member, { release, timerAtUs: release.silentUntilUs });
    refresh(context, member);
  }
}
