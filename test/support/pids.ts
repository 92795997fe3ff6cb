// Processes by their pid files. Process and file may disappear at any moment.
import { readFileSync } from 'node:fs';
import { unlessCode } from '../../src/sys/errno.js';

/** 0: there is no such file, or nothing in it yet. */
export function pidIn(path: string): number {
  return Number(unlessCode(() => readFileSync(path, 'utf8'), ['ENOENT'], ''));
}

/**
 * Of a process that is there to be signalled.
 * @throws Error where the file has none: 0 would be this process's group, with all tests in it
 */
export function signalledPid(path: string): number {
  const pid = pidIn(path);
  if (!(pid > 1)) throw new Error(`${path} names no process: ${pid}`);
  return pid;
}

/** Sends nothing to a process that is gone, and nothing to one that has its number by now: its command line has `argument`. */
export function signal(pid: number, name: NodeJS.Signals, argument: string): void {
  const line = pid > 0 ? unlessCode(() => readFileSync(`/proc/${pid}/cmdline`, 'utf8'), ['ENOENT', 'ESRCH'], '') : '';
  if (line.includes(argument)) unlessCode(() => process.kill(pid, name), ['ESRCH'], false);
}
