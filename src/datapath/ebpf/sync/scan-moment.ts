// When a table is looked at, and what of it others are about to forget then.
import { clockDifference } from '../table/clock.js';

/** Clock units. `refresh`: after so many with traffic a connection is reported again; 0: only before it is forgotten elsewhere. */
export interface ScanMoment {
  readonly now: number;
  readonly refresh: number;
}

/**
 * Would another director forget it too early? It has what was reported, and keeps it until then. Of a connection with traffic all the time this is so when
 * half of its time has passed.
 */
export function isStale(expires: number, reported: number, { now, refresh }: ScanMoment): boolean {
  const used = clockDifference(expires, reported);
  return used > 0 && (used >= clockDifference(reported, now) || (refresh > 0 && used >= refresh));
}
