// Time as the shell of the program sees it: monotonic, in milliseconds, replaceable in tests.

export interface Clock {
  /** Milliseconds since some fixed moment; never goes back, also not when the wall clock is set. */
  now(): number;
  /** Blocks this thread. For commands that have nothing else to do; never in a daemon's loop. */
  sleep(ms: number): void;
}

const nobodyWakes = new Int32Array(new SharedArrayBuffer(4));

export const systemClock: Clock = {
  now: () => Number(process.hrtime.bigint() / 1000n) / 1000,
  sleep: (ms) => {
    Atomics.wait(nobodyWakes, 0, 0, ms);
  },
};
