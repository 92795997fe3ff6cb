// What is sent (RFC 5880 §6.8.7), and keeping the moment of the next packet.
import { BFD_BYTES, BFD_VERSION, encodeBfd } from '../../wire/bfd.js';
import { type BfdContext, chance, change, sessionAt } from './context.js';
import { jittered, sendsPeriodically, transmitUs } from './timing.js';

/** A packet as the session is now. An answer to a poll is none itself (§6.5). */
function send(context: BfdContext, index: number, final: boolean): void {
  const session = sessionAt(context, index);
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
  context.effects.push({ kind: 'send', name: session.config.name, bytes });
  change(context, index, { sent: session.sent + 1, sentAtUs: context.atUs });
}

/** The next periodic packet, counted from `fromUs`. */
function dueAfter(context: BfdContext, index: number, fromUs: number): number {
  const session = sessionAt(context, index);
  return fromUs + jittered(transmitUs(session), session.config.multiplier, chance(context));
}

/** §6.8.6: F at once, whatever the timers say and whoever wants no packets; periodic packets come when they would have. */
export function answerPoll(context: BfdContext, index: number): void {
  send(context, index, true);
}

/** Sends what is due, and keeps the moment of the next packet right after anything changed. */
export function transmit(context: BfdContext, index: number): void {
  if (!sendsPeriodically(sessionAt(context, index))) {
    if (sessionAt(context, index).sendAtUs !== undefined) change(context, index, { sendAtUs: undefined });
    return;
  }
  const { sendAtUs = context.atUs, sentAtUs = context.atUs } = sessionAt(context, index);
  if (sendAtUs <= context.atUs) {
    send(context, index, false);
    change(context, index, { sendAtUs: dueAfter(context, index, context.atUs) });
    return;
  }
  // An interval that became shorter counts at once (§6.8.3).
  const latest = sentAtUs + transmitUs(sessionAt(context, index));
  if (sendAtUs > latest) change(context, index, { sendAtUs: Math.max(context.atUs, dueAfter(context, index, sentAtUs)) });
}

/** §6.8.7: what changed is told between periodic packets, so that the neighbour knows soon. */
export function sendSoon(context: BfdContext, index: number): void {
  change(context, index, { sendAtUs: context.atUs });
}
