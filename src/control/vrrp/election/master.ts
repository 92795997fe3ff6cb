// What a master does again and again: adverts in their rhythm or out of turn, and with them the refreshes of gratuitous ARP.
import { sendAdvert } from '../send/advert.js';
import { refresh } from '../send/announce.js';
import { change, instanceAt, type Work } from '../step-context.js';
import { sendIntervalUs } from './timing.js';

/** Its time has come. Adverts keep their rhythm unless one was very late. */
export function sendInTurn(work: Work, index: number): void {
  send(work, index);
  const instance = instanceAt(work, index);
  const interval = sendIntervalUs(instance);
  const next = (instance.timerAtUs ?? work.atUs) + interval;
  change(work, index, { timerAtUs: next > work.atUs + interval / 2 ? next : work.atUs + interval });
}

/** Others must hear of us at once; the next advert follows an interval later. */
export function sendNow(work: Work, index: number): void {
  send(work, index);
  change(work, index, { timerAtUs: work.atUs + sendIntervalUs(instanceAt(work, index)) });
}

function send(work: Work, index: number): void {
  sendAdvert(work, index);
  refresh(work, index);
}
