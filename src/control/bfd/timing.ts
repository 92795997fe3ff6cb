// When packets are due and how long silence is borne (RFC 5880 §6.8.2 to §6.8.4, §6.8.7).
import type { Session } from './state.js';

/** §6.8.7: what we want to send at, or as seldom as the neighbour can take it; what was increased counts when the poll is answered. */
export function transmitUs({ heldTxUs, desiredMinTxUs, remoteMinRxUs }: Session): number {
  return Math.max(heldTxUs ?? desiredMinTxUs, remoteMinRxUs);
}

/** §6.8.4, asynchronous mode: the neighbour's multiplier times the interval it has to keep. 0: nothing was heard of it. */
export function detectionUs({ remoteMultiplier, heldRxUs, requiredMinRxUs, remoteMinTxUs }: Session): number {
  return remoteMultiplier * Math.max(heldRxUs ?? requiredMinRxUs, remoteMinTxUs);
}

/** The time after which the neighbour misses us. */
export function remoteDetectionUs(session: Session): number {
  return session.config.multiplier * transmitUs(session);
}

/** When the neighbour counts as silent: a session that is up or nearly so fails then, one that is down forgets who it was. */
export function silentAtUs(session: Session): number | undefined {
  const { receivedAtUs, remoteDiscriminator } = session;
  return receivedAtUs === undefined || remoteDiscriminator === 0 ? undefined : receivedAtUs + detectionUs(session);
}

const WORDS = 0x1_0000_0000;

/**
 * §6.8.7: each interval is shortened by 0 to 25 % of it, by 10 to 25 % where the neighbour may miss no packet, so that nodes do not fall
 * into step. `word`: 32 bits of chance.
 */
export function jittered(intervalUs: number, multiplier: number, word: number): number {
  const [least, most] = multiplier === 1 ? [0.1, 0.25] : [0, 0.25];
  return Math.floor(intervalUs * (1 - least - (most - least) * (word / WORDS)));
}

/**
 * §6.8.7: when packets are sent without being asked for. Not by who waits for the other to begin (§6.1), not to who wants none, and
 * not to who demands to be left alone while both are up, unless a poll runs (§6.6).
 */
export function sendsPeriodically(session: Session): boolean {
  const { open, state, remoteState, config, remoteDiscriminator, remoteMinRxUs, remoteDemand, polling } = session;
  if (!open || state === 'adminDown') return false;
  if (config.passive && remoteDiscriminator === 0) return false;
  if (remoteMinRxUs === 0) return false;
  return !(remoteDemand && state === 'up' && remoteState === 'up' && !polling);
}
