// What a master does again and again: adverts in their rhythm or out of turn, and with them the refreshes of gratuitous ARP.

import { change, instanceAt, type VrrpContext } from '../context.js';
import { sendAdvert } from '../send/advert.js';
import { refresh } from '../send/announce.js';
import { sendIntervalUs } from './timing.js';

/** Its time has come. Adverts keep their rhythm unless one was very late. */
export function sendInTurn(context: VrrpContext, index: number): void {
  send(context, index);
  const instance = instanceAt(context, index);
  const interval = sendIntervalUs(instance);
  const next = (instance.timerAtUs ?? context.atUs) + interval;
  change(context, index, { timerAtUs: next > context.atUs + interval / 2 ? next : context.atUs + interval });
}

/** Others must hear of us at once; the next advert follows an interval later. */
export function sendNow(context: VrrpContext, index: number): void {
  send(context, index);
  change(context, index, { timerAtUs: context.atUs + sendIntervalUs(instanceAt(context, index)) });
}

function send(context: VrrpContext, index: number): void {
  sendAdvert(context, index);
  refresh(context, index);
}
