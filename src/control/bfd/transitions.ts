// One session changes its state here and nowhere else (RFC 5880 §6.2, §6.8.6), and says other intervals than before (§6.8.3).
import { BFD_DIAGNOSTICS, type BfdDiagnostic } from '../../wire/bfd.js';
import type { Session } from './state.js';
import { change, detail, log, sessionAt, type Work } from './step-context.js';
import { diagnosticText } from './texts.js';
import { tellSoon } from './transmit.js';

const numberOf = (diagnostic: BfdDiagnostic): number => BFD_DIAGNOSTICS.indexOf(diagnostic);

function tellClients(work: Work, index: number, up: boolean): void {
  work.effects.push({ kind: 'event', name: sessionAt(work, index).config.name, up });
}

/** Of whom nothing is known; what it asked for when it was there is over. */
export const UNKNOWN_NEIGHBOUR = { remoteDiscriminator: 0, remoteState: 'down', remoteDemand: false, remoteMinRxUs: 1 } as const;

/** What a session says while it is not up: it sends once a second at most (§6.8.3), and no poll runs. */
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
 * Other intervals from now on. While the session is up the neighbour is asked to confirm (§6.5); sending less often, and expecting more
 * than before, wait for its answer.
 */
export function sayIntervals(work: Work, index: number, desiredMinTxUs: number, requiredMinRxUs: number): void {
  const { desiredMinTxUs: tx, requiredMinRxUs: rx, heldTxUs, heldRxUs, config } = sessionAt(work, index);
  if (tx === desiredMinTxUs && rx === requiredMinRxUs) return;
  const heldTx = Math.min(heldTxUs ?? tx, desiredMinTxUs);
  const heldRx = Math.max(heldRxUs ?? rx, requiredMinRxUs);
  change(work, index, {
    desiredMinTxUs,
    requiredMinRxUs,
    polling: true,
    heldTxUs: heldTx < desiredMinTxUs ? heldTx : undefined,
    heldRxUs: heldRx > requiredMinRxUs ? heldRx : undefined,
  });
  detail(work, `(${config.name}) Starting poll sequence`);
}

/** §6.5: F came. */
export function endPoll(work: Work, index: number): void {
  change(work, index, { polling: false, heldTxUs: undefined, heldRxUs: undefined });
}

export function becomeInit(work: Work, index: number): void {
  change(work, index, { state: 'init', diagnostic: numberOf('No Diagnostic') });
  tellSoon(work, index);
}

export function becomeUp(work: Work, index: number): void {
  const { config, wentUp } = change(work, index, { state: 'up', diagnostic: numberOf('No Diagnostic') });
  change(work, index, { wentUp: wentUp + 1 });
  log(work, index, 'Entering Up state');
  sayIntervals(work, index, config.minTxUs, config.minRxUs);
  tellSoon(work, index);
  tellClients(work, index, true);
}

/**
 * `silence`: the neighbour is not known any more (§6.8.1, bfd.RemoteDiscr). That it was taken out of service by hand is no failure of the
 * path: clients are not told (RFC 5882 on AdminDown).
 */
export function becomeDown(work: Work, index: number, diagnostic: BfdDiagnostic, silence = false): void {
  const before = sessionAt(work, index);
  const wasUp = before.state === 'up';
  change(work, index, {
    ...idle(before),
    state: 'down',
    diagnostic: numberOf(diagnostic),
    ...(silence ? UNKNOWN_NEIGHBOUR : {}),
    wentDown: before.wentDown + (wasUp ? 1 : 0),
  });
  tellSoon(work, index);
  if (!wasUp) return;
  const remote = diagnosticText(before.remoteDiagnostic);
  log(work, index, `Entering Down state (Local diagnostic - ${diagnostic}, Remote diagnostic - ${remote})`, 'warning');
  if (before.remoteState !== 'adminDown') tellClients(work, index, false);
}

/** §6.8.16: there is no socket to send by; what comes is not looked at. */
export function becomeAdminDown(work: Work, index: number): void {
  const before = sessionAt(work, index);
  if (before.state === 'adminDown') return;
  change(work, index, { ...idle(before), state: 'adminDown', ...UNKNOWN_NEIGHBOUR, diagnostic: numberOf('Administratively Down') });
  log(work, index, 'Entering AdminDown state', 'warning');
  if (before.state === 'up') tellClients(work, index, false);
}

/** There is a socket again: the session begins anew. */
export function leaveAdminDown(work: Work, index: number): void {
  change(work, index, { state: 'down', diagnostic: numberOf('No Diagnostic') });
}
