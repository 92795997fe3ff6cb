// The end of a child process, also of one that could not be started.
import type { ChildProcess } from 'node:child_process';

/**
 * Calls `onEnd` once, never before this returns: `how` is a signal, a status, or the reason why there is no process. Without descriptors or processes left,
 * or without its program, a child has no pid and never exits; where there were no descriptors it has no streams either (undefined, not null).
 * `status`: the exit status or the signal; undefined where there is no process.
 */
export function onceEnded(child: ChildProcess, onEnd: (how: string, status?: number | NodeJS.Signals) => void): void {
  const { pid } = child;
  child.on('error', (error) => {
    if (pid === undefined) onEnd(error.message);
  });
  child.on('exit', (code, signal) => {
    if (pid !== undefined) onEnd(signal ?? `status ${code}`, code ?? signal ?? 0);
  });
}
