// What a process and its descendants cost: time of all their threads, and memory that is theirs.
import { readFileSync } from 'node:fs';

/** USER_HZ of proc(5) is 100. */
const TICK_US = 10_000;

/** A process and its descendants. @throws Error where one ended meanwhile */
function family(pid: number): readonly number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
  return [pid, ...children.flatMap(family)];
}

/** User and system time of all threads of the family, in µs, to a tick of 10 ms; for differences. */
export function spentUs(pid: number): number {
  let ticks = 0;
  for (const one of family(pid)) {
    const fields = readFileSync(`/proc/${one}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    ticks += Number(fields[11]) + Number(fields[12]);
  }
  return ticks * TICK_US;
}

/** How long the first threads of the family have been on a CPU, ms: what others of the machine take does not count. */
export const onCpuMs = (pid: number): number =>
  family(pid).reduce((sum, one) => sum + Number(readFileSync(`/proc/${one}/schedstat`, 'utf8').split(' ')[0]) / 1e6, 0);

/** Memory of the largest process of the family that no file backs, in MB: its heap, stacks and other data. */
export function dataMegabytes(pid: number): number {
  const each = family(pid).map((one) =>
    Number(/^RssAnon:\s+(\d+) kB/m.exec(readFileSync(`/proc/${one}/status`, 'utf8'))?.[1] ?? Number.NaN),
  );
  return Math.max(...each) / 1024;
}
