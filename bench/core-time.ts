// How long one core worked for us: our own thread, what we started on it, and that CPU's ksoftirqd; so that other programs on
// the machine do not count.
import type { ChildProcess } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { release } from 'node:os';
import { gunzipSync } from 'node:zlib';
import { softirqThread } from './pinning.js';

const kernelConfig = (): string => {
  if (existsSync('/proc/config.gz')) return gunzipSync(readFileSync('/proc/config.gz')).toString();
  const file = `/boot/config-${release()}`;
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
};

/** Kernels that account interrupts apart do not charge softirqs to the thread they interrupt; then only the wall clock is of use. */
let apart: boolean | undefined;
const accountsInterruptsApart = (): boolean => (apart ??= /^CONFIG_IRQ_TIME_ACCOUNTING=y/m.test(kernelConfig()));

/** ns that a process's main thread has run. */
const spent = (process: number | undefined): bigint =>
  process === undefined || !existsSync(`/proc/${process}/schedstat`)
    ? 0n
    : BigInt(readFileSync(`/proc/${process}/schedstat`, 'utf8').split(' ')[0] ?? '0');

/** ns that our children had run when they ended: cutime and cstime of proc(5), in USER_HZ of 10 ms. */
const spentByEnded = (): bigint => {
  const fields = readFileSync('/proc/self/stat', 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (BigInt(fields[13] ?? '0') + BigInt(fields[14] ?? '0')) * 10_000_000n;
};

/** Nanoseconds of work on `cpu` by this process's main thread and what it makes the kernel do there; for differences. */
export const coreTime = (cpu: number): bigint =>
  accountsInterruptsApart() ? process.hrtime.bigint() : spent(process.pid) + spent(softirqThread(cpu));

/** Core time as coreTime(), with that of the children: those still running, given, and those that ended meanwhile. */
export const coreTimeOfAll = (cpu: number, running: readonly ChildProcess[]): bigint => {
  const own = coreTime(cpu);
  return accountsInterruptsApart() ? own : own + spentByEnded() + running.reduce((sum, { pid }) => sum + spent(pid), 0n);
};
