// CPU scheduling policy and limits of this process: real-time threads, locked memory, CPUs, nice value.
import { readdirSync } from 'node:fs';
import { setPriority } from 'node:os';
import { native } from '../addon.js';
import { unlessCode } from '../errno.js';

const SCHED_FIFO = 1;
const SCHED_RESET_ON_FORK = 0x40000000;
const RLIMIT_RTTIME = 15;
const RLIMIT_CORE = 4;

/**
 * SCHED_FIFO, 1..99, for every thread: the main thread sometimes waits for V8's helper threads, which must not wait for ordinary
 * processes. Our children have the default policy. @throws SystemError EPERM
 */
export function makeRealTime(priority: number): void {
  for (const thread of readdirSync('/proc/self/task')) {
    unlessCode(() => native().setScheduler(Number(thread), SCHED_FIFO | SCHED_RESET_ON_FORK, priority), ['ESRCH'], undefined);
  }
}

/**
 * The program's own pages stay in memory and are not read from their file again. V8's heap is not locked: V8 could not release its
 * pages then, which is a fatal error for V8. @throws SystemError EPERM, EAGAIN
 */
export function lockMemory(): void {
  native().lockFiles();
}

/** @throws SystemError EINVAL where none of these CPUs is there */
export function runOnCpus(cpus: readonly number[]): void {
  const mask = new Uint8Array((Math.max(...cpus) >> 3) + 1);
  for (const cpu of cpus) mask[cpu >> 3] = (mask[cpu >> 3] ?? 0) | (1 << (cpu & 7));
  for (const thread of readdirSync('/proc/self/task')) {
    unlessCode(() => native().setAffinity(Number(thread), mask), ['ESRCH'], undefined);
  }
}

/** A real-time process that runs this long without blocking is ended (SIGXCPU). @throws SystemError EPERM */
export function limitRealTime(us: number): void {
  native().setLimit(RLIMIT_RTTIME, us, us);
}

/** No core dump: V8 reports a full heap by itself, and the memory of this process stays off the disk. */
export function leaveNoCore(): void {
  native().setLimit(RLIMIT_CORE, 0, 0);
}

/** -20..19. @throws the system's error: EACCES */
export function setNice(nice: number): void {
  setPriority(0, nice);
}
