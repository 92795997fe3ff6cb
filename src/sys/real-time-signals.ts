// Real-time signals for the event loop: node knows names only, and none for those.
import { readSync } from 'node:fs';
import { native } from './addon.js';
import { hasCode } from './errno.js';
import { whenReadable } from './readable.js';

/** Calls `work` with the number of each of these signals that comes, for the rest of this process's life. */
export function onRealTimeSignals(numbers: readonly number[], work: (number: number) => void): void {
  const room = new Uint8Array(64);
  // All go through one pipe, whatever descriptor names it: the last one reads for all.
  const fd = numbers.map((number) => native().watchSignal(number)).at(-1);
  if (fd === undefined) return;
  whenReadable(fd, () => {
    try {
      const length = readSync(fd, room);
      for (const number of room.subarray(0, length)) work(number);
    } catch (error) {
      if (!hasCode(error, 'EAGAIN')) throw error;
    }
  });
}
