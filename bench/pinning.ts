// One core for everything: this process and all it starts are pinned, so that a figure is the inverse of the whole cost.
import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { run } from './processes.js';

const known = new Map<number, number | undefined>();

/** The process that runs a CPU's softirqs when there are too many of them. */
export const softirqThread = (cpu: number): number | undefined => {
  if (!known.has(cpu)) known.set(cpu, findThread(cpu));
  return known.get(cpu);
};

const findThread = (cpu: number): number | undefined => {
  const found = readdirSync('/proc').find((name) => {
    if (!/^\d+$/.test(name)) return false;
    try {
      return readFileSync(`/proc/${name}/comm`, 'utf8').trim() === `ksoftirqd/${cpu}`;
    } catch {
      return false; // it ended between the two reads
    }
  });
  return found === undefined ? undefined : Number(found);
};

/** Pins this thread, and what it starts from now on, to one CPU; with `nice` it and the CPU's ksoftirqd get that priority. */
export const pin = (wanted: number | undefined, nice: number): { readonly cpu: number; readonly undo: () => void } => {
  const cpu = wanted ?? availableParallelism() - 1;
  run(undefined, ['taskset', '-pc', String(cpu), String(process.pid)]);
  if (nice === 0) return { cpu, undo: () => {} };
  run(undefined, ['renice', '-n', String(nice), '-p', String(process.pid)]);
  const thread = softirqThread(cpu);
  if (thread === undefined) return { cpu, undo: () => {} };
  run(undefined, ['renice', '-n', String(nice), '-p', String(thread)]);
  return { cpu, undo: () => void run(undefined, ['renice', '-n', '0', '-p', String(thread)]) };
};
