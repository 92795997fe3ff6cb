// The stamps of auth_hmac: time since 1970 in 1/65536 s and a counter, as one 64-bit number that only increases.
import type { HmacTrailer } from '../../../wire/vrrp-auth.js';
import type { HmacStamp } from '../state/instance-state.js';

const TICKS_IN_SECOND = 0x10000;
const COUNTS = 0x10000;
/** Seconds have 32 bits and wrap around in 2106, so the order is by distance (RFC 1982). */
const ALL_SECONDS = 2 ** 32;
const ALL_TICKS = ALL_SECONDS * TICKS_IN_SECOND;

export const stampOf = ({ seconds, subSecond, counter }: HmacTrailer): HmacStamp => ({
  ticks: seconds * TICKS_IN_SECOND + subSecond,
  counter,
});

export const secondsOf = ({ ticks }: HmacStamp): number => Math.floor(ticks / TICKS_IN_SECOND);

/** How far a stamp's seconds are behind `nowS`, in seconds since 1970; negative: ahead. */
export function secondsBehind(nowS: number, seconds: number): number {
  const behind = (((nowS - seconds) % ALL_SECONDS) + ALL_SECONDS) % ALL_SECONDS;
  return behind < ALL_SECONDS / 2 ? behind : behind - ALL_SECONDS;
}

/** @param wallUs time since 1970 in µs */
export const stampAt = (wallUs: number): HmacStamp => ({
  ticks: Math.floor((wallUs / 1_000_000) * TICKS_IN_SECOND) % ALL_TICKS,
  counter: 0,
});

export const fieldsOf = (stamp: HmacStamp): Omit<HmacTrailer, 'keyId'> => ({
  seconds: secondsOf(stamp),
  subSecond: stamp.ticks % TICKS_IN_SECOND,
  counter: stamp.counter,
});

export function isNewerStamp(stamp: HmacStamp, last: HmacStamp): boolean {
  const ahead = (stamp.ticks - last.ticks + ALL_TICKS) % ALL_TICKS;
  return ahead === 0 ? stamp.counter > last.counter : ahead < ALL_TICKS / 2;
}

/**
 * The stamp of the current time; or, where the clock has not advanced or was set back, the number after the last stamp.
 * @param windowS how far the last stamp may be ahead of the clock (`anti_replay time`): receivers refuse one beyond. Absent: no limit.
 */
export function nextStamp(last: HmacStamp | undefined, now: HmacStamp, windowS: number | undefined): HmacStamp {
  if (last === undefined || isNewerStamp(now, last)) return now;
  if (windowS !== undefined && secondsOf(last) - secondsOf(now) > windowS) return now;
  if (last.counter + 1 < COUNTS) return { ticks: last.ticks, counter: last.counter + 1 };
  return { ticks: (last.ticks + 1) % ALL_TICKS, counter: 0 };
}
