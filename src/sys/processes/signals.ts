// Real-time signals, which Node does not have, and the signal at the death of the parent.
import { readSync } from 'node:fs';
import { native } from '../addon.js';
import { hasCode } from '../errno.js';
import { Fd } from '../fd.js';
import { whenReadable } from '../readable.js';

/** Calls `work` with the number of each real-time signal that comes. The returned function stops it; the signals are ignored then. */
export function onRealTimeSignals(signals: readonly number[], work: (signal: number) => void): () => void {
  const fds = signals.map((signal) => new Fd(native().watchSignal(signal), `signal ${signal}`));
  const bytes = new Uint8Array(64);
  const [first] = fds;
  if (first === undefined) return () => {};
  // All of them are the same pipe.
  const watch = whenReadable(first.number, () => {
    try {
      const length = readSync(first.number, bytes);
      bytes.subarray(0, length).forEach(work);
    } catch (error) {
      if (!hasCode(error, 'EAGAIN')) throw error;
    }
  });
  return () => {
    watch.stop();
    for (const fd of fds) fd.close();
  };
}

/** Sends this process a signal (15: SIGTERM) when its parent dies, however it dies. */
export function dieWithParent(signal: number): void {
  native().parentDeathSignal(signal);
}
