// The monotonic clock: in microseconds, and as a Clock in milliseconds that tests replace.

/** Microseconds of the monotonic clock, which never goes back and is not set. */
export function monotonicUs(): number {
  return Number(process.hrtime.bigint() / 1000n);
}

export interface Clock {
  /** Milliseconds since a fixed moment. Never goes back, not even when the wall clock is set. */
  now(): number;
  /** Blocks this thread: for commands that have nothing else to do, and the end of a process. Never in an event loop that goes on. */
  sleep(ms: number): void;
}

const neverNotified = new Int32Array(new SharedArrayBuffer(4));

export const systemClock: Clock = {
  now: () => monotonicUs() / 1000,
  sleep: (ms) => {
    Atomics.wait(neverNotified, 0, 0, ms);
  },
};
