// How far the clock of another host is from this one's, from times of day that both wrote down: NTP's arithmetic (RFC 5905 §8).
//
// A time of day has no date: clocks that differ by whole days are the same to it.

const DAY_MS = 86_400_000;
/** Both ends count whole milliseconds. */
const GRAIN_MS = 1;

/** One question and its answer, ms since midnight UT. */
export interface ClockSample {
  readonly originateMs: number;
  readonly receiveMs: number;
  readonly transmitMs: number;
  readonly arrivalMs: number;
}

export interface ClockOffset {
  /** Positive: the other clock is ahead. From minus to plus half a day. */
  readonly offsetMs: number;
  /** The offset is at most this far from the true one. */
  readonly uncertaintyMs: number;
}

/** The shorter way around the day. */
const around = (ms: number): number => ((((ms + DAY_MS / 2) % DAY_MS) + DAY_MS) % DAY_MS) - DAY_MS / 2;

function offsetOf({ originateMs, receiveMs, transmitMs, arrivalMs }: ClockSample): ClockOffset {
  const [forth, back] = [around(receiveMs - originateMs), around(transmitMs - arrivalMs)];
  // Around midnight, or half a day apart, both may be on different sides.
  const half = around(back - forth) / 2;
  const delay = Math.max(0, around(arrivalMs - originateMs) - around(transmitMs - receiveMs));
  return { offsetMs: around(forth + half), uncertaintyMs: delay / 2 + GRAIN_MS };
}

/** By the sample that was fastest; undefined: there is none, or the host counts in no standard way (RFC 792: the high bit). */
export function clockOffset(samples: readonly ClockSample[]): ClockOffset | undefined {
  const isTime = (ms: number): boolean => ms >= 0 && ms < DAY_MS;
  const usable = samples.filter(({ receiveMs, transmitMs }) => isTime(receiveMs) && isTime(transmitMs));
  return usable
    .map(offsetOf)
    .reduce<ClockOffset | undefined>((best, one) => (best === undefined || one.uncertaintyMs < best.uncertaintyMs ? one : best), undefined);
}

/** `unsure`: the answer took too long to know. */
export type ClockVerdict = 'same' | 'differs' | 'unsure';

export function clockVerdict({ offsetMs, uncertaintyMs }: ClockOffset, toleranceMs: number): ClockVerdict {
  const distance = Math.abs(offsetMs);
  if (distance - uncertaintyMs > toleranceMs) return 'differs';
  return distance + uncertaintyMs <= toleranceMs ? 'same' : 'unsure';
}
