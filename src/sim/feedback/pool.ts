// A pool of servers as a fluid: requests come by weights, wait in queues, and are completed as fast as each server can. One step is a second.
import type { LoadCounters } from '../../model/feedback/load-report.js';
import type { Random } from '../random.js';
import type { SimulatedServer } from './scenario.js';

/** A queue holds so many seconds of work: more is refused. */
const QUEUE_S = 10;
const CAPACITY_MIN = 0.02;
const US = 1_000_000;

export interface ServerLoad {
  readonly queue: number;
  readonly busy: number;
  /** Cumulative. */
  readonly conns: number;
  readonly completed: number;
  readonly busyUs: number;
  readonly reportedBusyUs: number;
}

export const idleServer: ServerLoad = { queue: 0, busy: 0, conns: 0, completed: 0, busyUs: 0, reportedBusyUs: 0 };

/** About normal, mean 0, deviation 1. */
function noise(random: Random): number {
  let sum = 0;
  for (let draw = 0; draw < 6; draw++) sum += random.next() / 0x1_0000_0000;
  return (sum - 3) / Math.sqrt(0.5);
}

/** One second of one server. */
export function serve(
  before: ServerLoad,
  { capacity, taken }: SimulatedServer,
  requests: number,
  atS: number,
  spread: number,
  random: Random,
): ServerLoad {
  const stolen = taken(atS);
  const possible = Math.max(capacity * (1 - stolen), capacity * CAPACITY_MIN);
  const work = requests + before.queue;
  const done = Math.min(work, possible);
  const queue = Math.min(work - done, QUEUE_S * capacity);
  const busy = Math.min(1, stolen + done / capacity);
  const reported = Math.min(1, Math.max(0.01, busy + noise(random) * spread));
  return {
    queue,
    busy,
    conns: before.conns + requests,
    // What is refused ends, too.
    completed: before.completed + (work - queue),
    busyUs: before.busyUs + busy * US,
    reportedBusyUs: before.reportedBusyUs + reported * US,
  };
}

export const countersAt = ({ reportedBusyUs, completed }: ServerLoad, atS: number): LoadCounters => ({
  clockUs: atS * US,
  run: 'first',
  resources: [{ name: 'cpu', busy: reportedBusyUs, total: atS * US }],
  completed,
});
