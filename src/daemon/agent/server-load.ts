// How busy this server is: the CPU's counters, and those that an application writes into a file.
import { readFileSync } from 'node:fs';
import type { AdminState, LoadCounters, ResourceCounter } from '../../model/feedback/load-report.js';
import { monotonicUs } from '../../sys/clock.js';
import { unlessCode } from '../../sys/errno.js';
import { readTextFile } from '../../sys/files/durable-file.js';
import { decodeProcStat } from '../../wire/load/proc-stat.js';
import { decodeWeirLoad } from '../../wire/load/weir-load.js';

/** `counters`: a file as the agent's own answer, whose resources and completed requests are taken; `drain`: a file that is there while the server wants no connections. */
export interface LoadSources {
  readonly cpu: boolean;
  readonly counters?: string;
  readonly drain?: string;
}

/** The agent cannot answer now. */
export class NoLoad extends Error {}

const bootId = (): string => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();

function cpuCounter(): ResourceCounter {
  const counter = decodeProcStat(readFileSync('/proc/stat', 'utf8'));
  if (counter === undefined) throw new NoLoad('/proc/stat has no line of all CPUs');
  return counter;
}

/** @throws NoLoad */
function applicationCounters(path: string): LoadCounters {
  const text = unlessCode(() => readTextFile(path), ['EACCES', 'EISDIR'], undefined);
  if (text === undefined) throw new NoLoad(`${path} cannot be read`);
  const read = decodeWeirLoad(text);
  if (read.kind === 'wrong' || read.report.counters === undefined)
    throw new NoLoad(`${path}: ${read.kind === 'wrong' ? read.why : 'no counters'}`);
  return read.report.counters;
}

/** @throws NoLoad */
export function serverLoad({ cpu, counters }: LoadSources): LoadCounters {
  const own: readonly ResourceCounter[] = cpu ? [cpuCounter()] : [];
  const application = counters === undefined ? undefined : applicationCounters(counters);
  const resources = [...own, ...(application?.resources ?? [])];
  const run = application === undefined ? bootId() : `${bootId()} ${application.run ?? ''}`;
  const { completed } = application ?? {};
  return { clockUs: monotonicUs(), run, resources, ...(completed === undefined ? {} : { completed }) };
}

export function adminState({ drain }: LoadSources): AdminState {
  const text = drain === undefined ? undefined : unlessCode(() => readTextFile(drain), ['EACCES', 'EISDIR'], '');
  return text === undefined ? { kind: 'ready' } : { kind: 'drain', why: text.trim().split('\n')[0] || 'drain' };
}
