// The datapath's time: jiffies >> CLOCK_SHIFT, computed from the last tick of its timer.

import type { Records } from '../../../sys/bpf/records.js';
import { Abi, Conf } from '../abi.gen.js';

/** Clock units in so many seconds, rounded to the nearest. */
export function unitsOf(seconds: number, hz: number): number {
  return Math.round((seconds * hz) / (1 << Abi.CLOCK_SHIFT));
}

/** Seconds in so many clock units, not rounded. */
export function secondsOf(units: number, hz: number): number {
  return (units * (1 << Abi.CLOCK_SHIFT)) / hz;
}

/** The clock now, in units modulo 2^32. `nowNs`: CLOCK_MONOTONIC. */
export function clockAt(conf: Records, nowNs: bigint): number {
  const jiffies = conf.big(0, Conf.jiffiesAt);
  const since = nowNs - conf.big(0, Conf.ktimeAt);
  const passed = (since * BigInt(conf.get(0, Conf.hz))) / 1_000_000_000n;
  return Number(((jiffies + (passed > 0n ? passed : 0n)) >> BigInt(Abi.CLOCK_SHIFT)) & 0xffffffffn);
}

/** The clock of the loaded datapath, whose timer writes the moment of its last tick in two parts: read between two ticks. */
export function clockNow(conf: Records): number {
  for (;;) {
    const ticks = conf.big(0, Conf.ticks);
    const now = clockAt(conf, process.hrtime.bigint());
    if (conf.big(0, Conf.ticks) === ticks) return now;
  }
}

/** `a` - `b` of two clock readings, signed. */
export function clockDifference(a: number, b: number): number {
  return (a - b) | 0;
}
