// When a child that died is started again: at once, then after 1, 2, 4 … 60 s, as keepalived spaces it. Pure.

const LONGEST_S = 60;
/** A child that lived this long starts a new series. */
const GOOD_LIFE_S = 60;

export interface Respawns {
  /** The delay of the last respawn, s; absent: there was none. */
  readonly lastDelayS?: number;
}

/** The delay before the next start, s, of a child that lived `livedS`. */
export function nextRespawn(past: Respawns, livedS: number): { readonly delayS: number; readonly past: Respawns } {
  const { lastDelayS } = livedS >= GOOD_LIFE_S ? {} : past;
  const delayS = lastDelayS === undefined ? 0 : Math.min(LONGEST_S, Math.max(1, lastDelayS * 2));
  return { delayS, past: { lastDelayS: delayS } };
}
