// The wall clock of the bench, and waiting for what another process does.
import { setTimeout as delay } from 'node:timers/promises';

/** Wall clock in seconds, finer than Date. */
export const now = (): number => (performance.timeOrigin + performance.now()) / 1000;

/** @throws Error when it is not so within the time */
export const until = async (what: string, condition: () => boolean, seconds = 30, stepMs = 20): Promise<void> => {
  for (const end = now() + seconds; !condition(); await delay(stepMs)) {
    if (now() > end) throw new Error(`not seen within ${seconds} s: ${what}`);
  }
};
