// What is sent (RFC 5880 §6.8.7), and when the next packet is due.
import { BFD_BYTES, BFD_DIAGNOSTICS, BFD_VERSION, encodeBfd } from '../../wire/bfd.js';
import { type BfdContext, chance, change, sessionAt } from './context.js';
import type { Session } from './state.js';
import { jittered, sendsPeriodically, transmitUs } from './timing.js';

/** Sends a packet with the session's present state. An answer to a poll has no P itself (§6.5). */
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
    // We use asynchronous mode only, without echo.
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

/** When the next periodic packet is due, counted from `fromUs`. */
function dueAfter(context: BfdContext, index: number, fromUs: number): number {
  const session = sessionAt(context, index);
  return fromUs + jittered(transmitUs(session), session.config.multiplier, chance(context));
}

/** §6.8.6: F is sent immediately, even to a neighbour that wants no packets. The next periodic packet is due as before. */
export function answerPoll(context: BfdContext, index: number): void {
  send(context, index, true);
}

/** Sends what is due, and updates when the next packet is due. */
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
  // A shorter interval takes effect immediately (§6.8.3).
  const latest = sentAtUs + transmitUs(sessionAt(context, index));
  if (sendAtUs > latest) change(context, index, { sendAtUs: Math.max(context.atUs, dueAfter(context, index, sentAtUs)) });
}

/** §6.8.7: a longer interval than `before` counts from the last packet on: none is sent too soon. */
export function slowDown(context: BfdContext, index: number, before: Session): void {
  const now = sessionAt(context, index);
  const { sendAtUs, sentAtUs } = now;
  if (sendAtUs === undefined || sentAtUs === undefined || transmitUs(now) <= transmitUs(before)) return;
  change(context, index, { sendAtUs: Math.max(sendAtUs, dueAfter(context, index, sentAtUs)) });
}

/** Sends once that the session is over, to a neighbour that may know it (§6.8.16). If that is lost, the neighbour's detection time ends it. */
export function signOff(context: BfdContext, index: number): void {
  const { open, state, remoteDiscriminator } = sessionAt(context, index);
  if (!open || state === 'adminDown' || remoteDiscriminator === 0) return;
  change(context, index, {
    state: 'adminDown',
    diagnostic: BFD_DIAGNOSTICS.indexOf('Administratively Down'),
    polling: false,
    sendAtUs: undefined,
  });
  send(context, index, false);
}

/** §6.8.7: a change is sent before the next periodic packet is due. */
export function sendSoon(context: BfdContext, index: number): void {
  change(context, index, { sendAtUs: context.atUs });
}
