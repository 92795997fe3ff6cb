// When packets are due and after how much silence a session fails (RFC 5880 §6.8.2 to §6.8.4, §6.8.7).
import type { Session } from './state.js';

/** §6.8.7: our own interval, or the neighbour's if that is longer. A longer interval of our own counts once the poll is answered. */
export function transmitUs({ heldTxUs, desiredMinTxUs, remoteMinRxUs }: Session): number {
  return Math.max(heldTxUs ?? desiredMinTxUs, remoteMinRxUs);
}

/** §6.8.4, asynchronous mode: the neighbour's multiplier times the interval that it must keep. 0: nothing was received from it. */
export function detectionUs({ remoteMultiplier, heldRxUs, requiredMinRxUs, remoteMinTxUs }: Session): number {
  return remoteMultiplier * Math.max(heldRxUs ?? requiredMinRxUs, remoteMinTxUs);
}

/** The neighbour's detection time for us. */
export function remoteDetectionUs(session: Session): number {
  return session.config.multiplier * transmitUs(session);
}

/** When the neighbour counts as silent: then a session in Up or Init fails, and one in Down forgets the neighbour's discriminator. */
export function silentAtUs(session: Session): number | undefined {
  const { receivedAtUs, remoteDiscriminator } = session;
  return receivedAtUs === undefined || remoteDiscriminator === 0 ? undefined : receivedAtUs + detectionUs(session);
}

const WORDS = 0x1_0000_0000;

/**
 * §6.8.7: each interval is shortened by a random 0 to 25 %, or by 10 to 25 % with a multiplier of 1, so that nodes do not synchronise.
 * `word`: 32 random bits.
 */
export function jittered(intervalUs: number, multiplier: number, word: number): number {
  const [shareMin, shareMax] = multiplier === 1 ? [0.1, 0.25] : [0, 0.25];
  return Math.floor(intervalUs * (1 - shareMin - (shareMax - shareMin) * (word / WORDS)));
}

/**
 * §6.8.7: whether periodic packets are sent. A passive session waits for the neighbour's first packet (§6.1). A neighbour may want none,
 * or be in demand mode while both are up and no poll runs (§6.6).
 */
export function sendsPeriodically(session: Session): boolean {
  const { open, state, remoteState, config, remoteDiscriminator, remoteMinRxUs, remoteDemand, polling } = session;
  if (!open || state === 'adminDown') return false;
  if (config.passive && remoteDiscriminator === 0) return false;
  if (remoteMinRxUs === 0) return false;
  return !(remoteDemand && state === 'up' && remoteState === 'up' && !polling);
}
