// A session changes its state here and nowhere else (RFC 5880 §6.2, §6.8.6), and its intervals (§6.8.3).
import { BFD_DIAGNOSTICS, type BfdDiagnostic } from '../../wire/bfd.js';
import { logDetail } from '../machine.js';
import { type BfdContext, change, logSession, sessionAt } from './context.js';
import type { Session } from './state.js';
import { diagnosticText } from './texts.js';
import { sendSoon } from './transmit.js';

const numberOf = (diagnostic: BfdDiagnostic): number => BFD_DIAGNOSTICS.indexOf(diagnostic);

function reportState(context: BfdContext, index: number, up: boolean): void {
  context.effects.push({ kind: 'event', name: sessionAt(context, index).config.name, up });
}

/** What is set when the neighbour is not known, or no longer. */
export const UNKNOWN_NEIGHBOUR = { remoteDiscriminator: 0, remoteState: 'down', remoteDemand: false, remoteMinRxUs: 1 } as const;

/** The intervals of a session that is not up: it sends at most once a second (§6.8.3), and no poll runs. */
function idle({ config }: Session): Partial<Session> {
  return {
    desiredMinTxUs: config.idleTxUs,
    requiredMinRxUs: config.minRxUs,
    polling: false,
    heldTxUs: undefined,
    heldRxUs: undefined,
  };
}

/**
 * Changes our intervals. While the session is up the neighbour must confirm them by a poll (§6.5). Longer intervals take effect only with
 * its answer.
 */
export function setIntervals(context: BfdContext, index: number, desiredMinTxUs: number, requiredMinRxUs: number): void {
  const { desiredMinTxUs: tx, requiredMinRxUs: rx, heldTxUs, heldRxUs, config } = sessionAt(context, index);
  if (tx === desiredMinTxUs && rx === requiredMinRxUs) return;
  const heldTx = Math.min(heldTxUs ?? tx, desiredMinTxUs);
  const heldRx = Math.max(heldRxUs ?? rx, requiredMinRxUs);
  change(context, index, {
    desiredMinTxUs,
    requiredMinRxUs,
    polling: true,
    heldTxUs: heldTx < desiredMinTxUs ? heldTx : undefined,
    heldRxUs: heldRx > requiredMinRxUs ? heldRx : undefined,
  });
  logDetail(context, `(${config.name}) Starting poll sequence`);
}

/** §6.5: F was received. */
export function endPoll(context: BfdContext, index: number): void {
  change(context, index, { polling: false, heldTxUs: undefined, heldRxUs: undefined });
}

export function becomeInit(context: BfdContext, index: number): void {
  change(context, index, { state: 'init', diagnostic: numberOf('No Diagnostic') });
  sendSoon(context, index);
}

export function becomeUp(context: BfdContext, index: number): void {
  const { config, wentUp } = change(context, index, { state: 'up', diagnostic: numberOf('No Diagnostic') });
  change(context, index, { wentUp: wentUp + 1 });
  logSession(context, index, 'Entering Up state');
  setIntervals(context, index, config.minTxUs, config.minRxUs);
  sendSoon(context, index);
  reportState(context, index, true);
}

/**
 * `silence`: the neighbour's discriminator is forgotten (§6.8.1, bfd.RemoteDiscr). A neighbour in AdminDown is not a failure of the path
 * and is not reported (RFC 5882).
 */
export function becomeDown(context: BfdContext, index: number, diagnostic: BfdDiagnostic, silence = false): void {
  const before = sessionAt(context, index);
  const wasUp = before.state === 'up';
  change(context, index, {
    ...idle(before),
    state: 'down',
    diagnostic: numberOf(diagnostic),
    ...(silence ? UNKNOWN_NEIGHBOUR : {}),
    wentDown: before.wentDown + (wasUp ? 1 : 0),
  });
  sendSoon(context, index);
  if (!wasUp) return;
  const remote = diagnosticText(before.remoteDiagnostic);
  logSession(context, index, `Entering Down state (Local diagnostic - ${diagnostic}, Remote diagnostic - ${remote})`, 'warning');
  if (before.remoteState !== 'adminDown') reportState(context, index, false);
}

/** §6.8.16: there is no socket to send on; received packets are ignored. */
export function becomeAdminDown(context: BfdContext, index: number): void {
  const before = sessionAt(context, index);
  if (before.state === 'adminDown') return;
  change(context, index, { ...idle(before), state: 'adminDown', ...UNKNOWN_NEIGHBOUR, diagnostic: numberOf('Administratively Down') });
  logSession(context, index, 'Entering AdminDown state', 'warning');
  if (before.state === 'up') reportState(context, index, false);
}

/** There is a socket again: the session starts again. */
export function leaveAdminDown(context: BfdContext, index: number): void {
  change(context, index, { state: 'down', diagnostic: numberOf('No Diagnostic') });
}
