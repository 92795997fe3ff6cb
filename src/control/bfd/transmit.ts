// What is sent (RFC 5880 §6.8.7), and keeping the moment of the next packet.
import { BFD_BYTES, BFD_VERSION, encodeBfd } from '../../wire/bfd.js';
import { chance, change, sessionAt, type Work } from './step-context.js';
import { jittered, sendsPeriodically, transmitUs } from './timing.js';

/** A packet as the session is now. An answer to a poll is none itself (§6.5). */
function send(work: Work, index: number, final: boolean): void {
  const session = sessionAt(work, index);
  const bytes = encodeBfd({
    version: BFD_VERSION,
    diagnostic: session.diagnostic,
    state: session.state,
    poll: session.polling && !final,
    final,
    controlPlaneIndependent: false,
    authenticated: false,
    // Asynchronous mode alone is ours, and no echo.
    demand: false,
    multipoint: false,
    multiplier: session.config.multiplier,
    length: BFD_BYTES,
    myDiscriminator: session.discriminator,
    yourDiscriminator: session.remoteDiscriminator,
    desiredMinTxUs: session.desiredMinTxUs,
    requiredMinRxUs: session.requiredMinRxUs,
    requiredMinEchoRxUs: 0,
  });
  work.effects.push({ kind: 'send', name: session.config.name, bytes });
  change(work, index, { sent: session.sent + 1, sentAtUs: work.atUs });
}

/** The next periodic packet, counted from `fromUs`. */
function dueAfter(work: Work, index: number, fromUs: number): number {
  const session = sessionAt(work, index);
  return fromUs + jittered(transmitUs(session), session.config.multiplier, chance(work));
}

/** §6.8.6: F at once, whatever the timers say and whoever wants no packets; periodic packets come when they would have. */
export function answerPoll(work: Work, index: number): void {
  send(work, index, true);
}

/** Sends what is due, and keeps the moment of the next packet right after anything changed. */
export function transmit(work: Work, index: number): void {
  if (!sendsPeriodically(sessionAt(work, index))) {
    if (sessionAt(work, index).sendAtUs !== undefined) change(work, index, { sendAtUs: undefined });
    return;
  }
  const { sendAtUs = work.atUs, sentAtUs = work.atUs } = sessionAt(work, index);
  if (sendAtUs <= work.atUs) {
    send(work, index, false);
    change(work, index, { sendAtUs: dueAfter(work, index, work.atUs) });
    return;
  }
  // An interval that became shorter counts at once (§6.8.3).
  const latest = sentAtUs + transmitUs(sessionAt(work, index));
  if (sendAtUs > latest) change(work, index, { sendAtUs: Math.max(work.atUs, dueAfter(work, index, sentAtUs)) });
}

/** §6.8.7: what changed is told between periodic packets, so that the neighbour knows soon. */
export function tellSoon(work: Work, index: number): void {
  change(work, index, { sendAtUs: work.atUs });
}
