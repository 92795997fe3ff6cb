// A master's adverts, at their interval or out of turn, and the refreshes of gratuitous ARP that leave with them.

import { change, instanceAt, type VrrpContext } from '../context.js';
import { sendAdvert, sendZeroPriority } from '../send/advert.js';
import { refresh } from '../send/announce.js';
import { sendIntervalUs } from './timing.js';

/** A backup may have missed a priority 0: it comes again after so many adverts. */
const ZERO_AGAIN_ADVERTS = 10;

/** The interval is over. The next advert is due an interval after this one was, unless this one was very late. */
export function sendInTurn(context: VrrpContext, index: number): void {
  send(context, index);
  const instance = instanceAt(context, index);
  const interval = sendIntervalUs(instance);
  const next = (instance.timerAtUs ?? context.atUs) + interval;
  change(context, index, { timerAtUs: next > context.atUs + interval / 2 ? next : context.atUs + interval });
}

/** Sends an advert out of turn; the next one follows an interval later. */
export function sendNow(context: VrrpContext, index: number): void {
  send(context, index);
  change(context, index, { timerAtUs: context.atUs + sendIntervalUs(instanceAt(context, index)) });
}

function send(context: VrrpContext, index: number): void {
  const instance = instanceAt(context, index);
  if (instance.release !== undefined && context.atUs >= instance.release.zeroAtUs) {
    sendZeroPriority(context, index);
    change(context, index, { release: { zeroAtUs: context.atUs + ZERO_AGAIN_ADVERTS * sendIntervalUs(instance) } });
  } else {
    sendAdvert(context, index);
  }
  refresh(context, index);
}
