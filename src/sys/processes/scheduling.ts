// How the kernel schedules this process: real-time class for all its threads, memory that stays in place, CPUs, limits.
import { readdirSync } from 'node:fs';
import { setPriority } from 'node:os';
import { native } from '../addon.js';
import { unlessCode } from '../errno.js';

const SCHED_FIFO = 1;
const SCHED_RESET_ON_FORK = 0x40000000;
const RLIMIT_RTTIME = 15;
const RLIMIT_CORE = 4;

/**
 * SCHED_FIFO, 1..99, for every thread: the main one waits for V8's helpers now and then, and ordinary helpers would wait for ordinary
 * programs. What we start has ordinary scheduling. @throws SystemError EPERM
 */
export function makeRealTime(priority: number): void {
  for (const thread of readdirSync('/proc/self/task')) {
    unlessCode(() => native().setScheduler(Number(thread), SCHED_FIFO | SCHED_RESET_ON_FORK, priority), ['ESRCH'], undefined);
  }
}

/**
 * The program's own pages stay in memory: none is ever read back from a file. V8's heap cannot be locked: giving its pages back would
 * fail, which V8 takes for fatal. @throws SystemError EPERM, EAGAIN
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

/** A real-time process that computes for so long without a pause is ended (SIGXCPU). @throws SystemError EPERM */
export function limitRealTime(us: number): void {
  native().setLimit(RLIMIT_RTTIME, us, us);
}

/** This process may die of a full heap, which tells all by itself: its memory is not written to a disk. */
export function leaveNoCore(): void {
  native().setLimit(RLIMIT_CORE, 0, 0);
}

/** -20..19. @throws the system's error: EACCES */
export function setNice(nice: number): void {
  setPriority(0, nice);
}
