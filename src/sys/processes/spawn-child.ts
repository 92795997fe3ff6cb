// Starts a child process. Node's spawn reports some failures by an event (ENOENT, EAGAIN, EMFILE) and throws others (ENOMEM, E2BIG): a daemon that
// starts processes again and again must not end by the second kind. And `kill` of a child that failed by the first kind signals the caller's own
// process group, for its number is 0.
import { ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { isSystemError } from '../errno.js';

function spawnOrFail(file: string, args: readonly string[], options: SpawnOptions): ChildProcess {
  try {
    return spawn(file, args, options);
  } catch (error) {
    if (!isSystemError(error)) throw error;
    const child = Object.assign(new ChildProcess(), { _handle: null });
    process.nextTick(() => child.emit('error', error));
    return child;
  }
}

/** As node's spawn. Where the system refuses, the child has no pid, emits `error` after this has returned, and signals nothing. */
export function spawnChild(file: string, args: readonly string[], options: SpawnOptions): ChildProcess {
  const child = spawnOrFail(file, args, options);
  return child.pid === undefined ? Object.assign(child, { kill: () => false }) : child;
}
