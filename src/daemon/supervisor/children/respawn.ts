// When a child that died is started again: immediately, then after 1, 2, 4 … 60 s, as keepalived spaces it. Pure.

const DELAY_MAX_S = 60;
/** A child that lived this long starts a new series. */
const STABLE_MIN_S = 60;

export interface Respawns {
  /** The delay of the last respawn, s; absent: there was none. */
  readonly lastDelayS?: number;
}

/** The delay before the next start, s, of a child that lived `livedS`. */
export function nextRespawn(past: Respawns, livedS: number): { readonly delayS: number; readonly past: Respawns } {
  const { lastDelayS } = livedS >= STABLE_MIN_S ? {} : past;
  const delayS = lastDelayS === undefined ? 0 : Math.min(DELAY_MAX_S, Math.max(1, lastDelayS * 2));
  return { delayS, past: { lastDelayS: delayS } };
}
