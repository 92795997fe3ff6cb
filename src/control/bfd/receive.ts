// A packet came: RFC 5880 §6.8.6, from the first check to the answer.
import { type BfdControl, decodeBfd } from '../../wire/bfd.js';
import type { BfdReceived, BfdRefusal } from './messages.js';
import type { Session } from './state.js';
import { bounded, change, refuse, sessionAt, type Work } from './step-context.js';
import { parameterLines, refusalTexts } from './texts.js';
import { detectionUs, transmitUs } from './timing.js';
import { becomeDown, becomeInit, becomeUp, endPoll } from './transitions.js';
import { answerPoll, transmit } from './transmit.js';
import { malformed, sessionOf, unwelcome } from './validate.js';

export function receive(work: Work, received: BfdReceived): void {
  const packet = decodeBfd(received.bytes);
  const index = packet === undefined ? undefined : sessionOf(work.machine, packet, received);
  const session = index === undefined ? undefined : sessionAt(work, index);
  const reason = refusal(packet, session, received);
  if (reason !== undefined) {
    refuse(work, reason);
    bounded(work, reason, refusalTexts(reason, received, packet, session));
  } else if (packet !== undefined && index !== undefined) {
    accept(work, index, packet);
  }
}

function refusal(packet: BfdControl | undefined, session: Session | undefined, { bytes, ttl }: BfdReceived): BfdRefusal | undefined {
  if (packet === undefined) return 'short';
  const wrong = malformed(packet, bytes.length);
  if (wrong !== undefined) return wrong;
  return session === undefined ? 'session' : unwelcome(session, packet, ttl);
}

function accept(work: Work, index: number, packet: BfdControl): void {
  const before = sessionAt(work, index);
  change(work, index, {
    remoteDiscriminator: packet.myDiscriminator,
    remoteState: packet.state,
    remoteDiagnostic: packet.diagnostic,
    remoteDemand: packet.demand,
    remoteMinTxUs: packet.desiredMinTxUs,
    remoteMinRxUs: packet.requiredMinRxUs,
    remoteMultiplier: packet.multiplier,
    heardAtUs: work.atUs,
    received: before.received + 1,
  });
  if (packet.final && before.polling) endPoll(work, index);
  changeState(work, index, packet);
  tellTimers(work, index, before);
  if (packet.poll) answerPoll(work, index);
  transmit(work, index);
}

/** §6.2's machine. Demand mode is never ours, so there is nothing to do for it here. */
function changeState(work: Work, index: number, { state: remote }: BfdControl): void {
  const { state } = sessionAt(work, index);
  if (remote === 'adminDown') {
    if (state !== 'down') becomeDown(work, index, 'Neighbor Signaled Session Down');
  } else if (state === 'down') {
    if (remote === 'down') becomeInit(work, index);
    else if (remote === 'init') becomeUp(work, index);
  } else if (state === 'init') {
    if (remote !== 'down') becomeUp(work, index);
  } else if (remote === 'down') {
    becomeDown(work, index, 'Neighbor Signaled Session Down');
  }
}

function tellTimers(work: Work, index: number, before: Session): void {
  const after = sessionAt(work, index);
  const { name } = after.config;
  const changed = (['remoteMinRxUs', 'remoteMinTxUs', 'remoteMultiplier'] as const).some((field) => before[field] !== after[field]);
  if (changed || transmitUs(before) !== transmitUs(after)) bounded(work, `parameters ${name}`, parameterLines(after));
  const [was, is] = [detectionUs(before), detectionUs(after)];
  if (was === is) return;
  bounded(work, `detection ${name}`, [`${' '.repeat(name.length + 2)} Detection time is ${is} us (was ${was} us)`], false);
}
