// Ends a process that is not our child, and waits for its end.
import { systemClock } from '../clock.js';
import { startTime } from './child.js';
import { ProcessHandle } from './process-handle.js';

const PAUSE_MS = 5;
/** SIGKILL ends what is not waiting for a device. */
const KILL_MS = 1000;

/** SIGTERM, and SIGKILL after `graceMs`; blocks until it has ended. Does nothing to another process that has its number by now. */
export function stopProcess(pid: number, started: string, graceMs: number): void {
  const handle = ProcessHandle.open(pid);
  if (handle === undefined) return;
  try {
    // The handle holds the process that has the number now.
    if (startTime(pid) !== started) return;
    for (const [signal, waitMs] of [
      ['SIGTERM', graceMs],
      ['SIGKILL', KILL_MS],
    ] as const) {
      handle.signal(signal);
      for (const end = systemClock.now() + waitMs; systemClock.now() < end; systemClock.sleep(PAUSE_MS)) {
        if (startTime(pid) !== started) return;
      }
    }
  } finally {
    handle.close();
  }
}
