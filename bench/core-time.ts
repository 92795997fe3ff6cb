// How long one core worked: our own thread and that CPU's ksoftirqd, so that other programs on the machine do not count.
import { existsSync, readFileSync } from 'node:fs';
import { release } from 'node:os';
import { gunzipSync } from 'node:zlib';
import { softirqThread } from './pinning.js';

const kernelConfig = (): string => {
  if (existsSync('/proc/config.gz')) return gunzipSync(readFileSync('/proc/config.gz')).toString();
  const file = `/boot/config-${release()}`;
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
};

/** Kernels that account interrupts apart do not charge softirqs to the thread they interrupt; then only the wall clock tells. */
let apart: boolean | undefined;
const accountsInterruptsApart = (): boolean => (apart ??= /^CONFIG_IRQ_TIME_ACCOUNTING=y/m.test(kernelConfig()));

const spent = (thread: number | undefined): bigint =>
  thread === undefined ? 0n : BigInt(readFileSync(`/proc/${thread}/schedstat`, 'utf8').split(' ')[0] ?? '0');

/** Nanoseconds of work on `cpu` by this process's main thread and what it makes the kernel do there; for differences. */
export const coreTime = (cpu: number): bigint =>
  accountsInterruptsApart() ? process.hrtime.bigint() : spent(process.pid) + spent(softirqThread(cpu));
