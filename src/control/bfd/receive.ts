// Receives a packet: RFC 5880 §6.8.6, from validation to the answer.
import { type BfdControl, decodeBfd } from '../../wire/bfd.js';
import { logBounded } from '../machine.js';
import { type BfdContext, change, refuse, sessionAt } from './context.js';
import type { BfdReceived, BfdRefusal } from './messages.js';
import type { Session } from './state.js';
import { parameterLines, refusalTexts } from './texts.js';
import { detectionUs, transmitUs } from './timing.js';
import { becomeDown, becomeInit, becomeUp, endPoll } from './transitions.js';
import { answerPoll, slowDown, transmit } from './transmit.js';
import { malformed, sessionOf, sessionRefusal } from './validate.js';

export function receive(context: BfdContext, received: BfdReceived): void {
  const packet = decodeBfd(received.bytes);
  const index = packet === undefined ? undefined : sessionOf(context.machine, packet, received);
  const session = index === undefined ? undefined : sessionAt(context, index);
  const reason = refusal(packet, session, received);
  if (reason !== undefined) {
    refuse(context, reason);
    logBounded(context, reason, refusalTexts(reason, received, packet, session), { detail: true });
  } else if (packet !== undefined && index !== undefined) {
    accept(context, index, packet);
  }
}

function refusal(packet: BfdControl | undefined, session: Session | undefined, { bytes, ttl }: BfdReceived): BfdRefusal | undefined {
  if (packet === undefined) return 'short';
  const wrong = malformed(packet, bytes.length);
  if (wrong !== undefined) return wrong;
  return session === undefined ? 'session' : sessionRefusal(session, packet, ttl);
}

function accept(context: BfdContext, index: number, packet: BfdControl): void {
  const before = sessionAt(context, index);
  change(context, index, {
    remoteDiscriminator: packet.myDiscriminator,
    remoteState: packet.state,
    remoteDiagnostic: packet.diagnostic,
    remoteDemand: packet.demand,
    remoteMinTxUs: packet.desiredMinTxUs,
    remoteMinRxUs: packet.requiredMinRxUs,
    remoteMultiplier: packet.multiplier,
    receivedAtUs: context.atUs,
    received: before.received + 1,
  });
  if (packet.final && before.polling) endPoll(context, index);
  slowDown(context, index, before);
  changeState(context, index, packet);
  logTimers(context, index, before);
  if (packet.poll) answerPoll(context, index);
  transmit(context, index);
}

/** The state machine of §6.2. We never use demand mode, so it is not handled here. */
function changeState(context: BfdContext, index: number, { state: remote }: BfdControl): void {
  const { state } = sessionAt(context, index);
  if (remote === 'adminDown') {
    if (state !== 'down') becomeDown(context, index, 'Neighbor Signaled Session Down');
  } else if (state === 'down') {
    if (remote === 'down') becomeInit(context, index);
    else if (remote === 'init') becomeUp(context, index);
  } else if (state === 'init') {
    if (remote !== 'down') becomeUp(context, index);
  } else if (remote === 'down') {
    becomeDown(context, index, 'Neighbor Signaled Session Down');
  }
}

function logTimers(context: BfdContext, index: number, before: Session): void {
  const after = sessionAt(context, index);
  const { name } = after.config;
  const changed = (['remoteMinRxUs', 'remoteMinTxUs', 'remoteMultiplier'] as const).some((field) => before[field] !== after[field]);
  if (changed || transmitUs(before) !== transmitUs(after))
    logBounded(context, `parameters ${name}`, parameterLines(after), { detail: true });
  const [was, is] = [detectionUs(before), detectionUs(after)];
  if (was === is) return;
  logBounded(context, `detection ${name}`, [`${' '.repeat(name.length + 2)} Detection time is ${is} us (was ${was} us)`]);
}
