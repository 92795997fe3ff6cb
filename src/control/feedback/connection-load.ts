// What the director itself sees of a server, without an agent: how many connections are open at a time, and whether those that began lately were
// answered.
import type { LoadReport } from '../../model/feedback/load-report.js';
import type { DirectorCounters } from './window.js';

/** A server counts as one that does not answer with so many unanswered connections, if they are such a part of those that began lately. */
const UNANSWERED_MIN = 10;
const UNANSWERED_SHARE = 0.5;
const RECENT_US = 10_000_000;
/** So busy at least is a server that completes connections, however short they are. */
const BUSY_LEAST = 0.002;

export interface ConnectionLoad {
  /** When the counters began. */
  readonly beganUs: number;
  readonly atUs: number;
  readonly last: DirectorCounters;
  readonly base: number;
  readonly busyUs: number;
  readonly unansweredUs: number;
  readonly completed: number;
  /** Connections that ended unanswered: not completed. */
  readonly excluded: number;
  readonly isUnanswered: boolean;
  /** Connections so far, at moments of the last RECENT_US, the oldest first. */
  readonly recent: readonly { readonly atUs: number; readonly conns: number }[];
}

const ended = ({ conns, active }: DirectorCounters): number => conns - active;

export const beginConnectionLoad = (last: DirectorCounters, atUs: number): ConnectionLoad => ({
  beganUs: atUs,
  atUs,
  last,
  base: ended(last),
  busyUs: 0,
  unansweredUs: 0,
  completed: 0,
  excluded: 0,
  isUnanswered: false,
  recent: [{ atUs, conns: last.conns }],
});

/** The counters now, several times a second. `concurrency`: so many connections a server works on at a time. */
export function sampleConnections(load: ConnectionLoad, now: DirectorCounters, atUs: number, concurrency: number): ConnectionLoad {
  if (now.conns < load.last.conns) return beginConnectionLoad(now, atUs);
  const time = atUs - load.atUs;
  const done = ended(now) - load.base - load.excluded;
  const completed = load.isUnanswered ? load.completed : Math.max(load.completed, done);
  const open = (load.last.active + now.active) / 2;
  const share = Math.min(1, Math.max(open / concurrency, completed > load.completed ? BUSY_LEAST : 0));
  return {
    ...load,
    atUs,
    last: now,
    busyUs: load.busyUs + time * share,
    unansweredUs: load.unansweredUs + (load.isUnanswered ? time : 0),
    completed,
    excluded: load.isUnanswered ? load.excluded + Math.max(0, done - completed) : load.excluded,
  };
}

/** Once a second. `unanswered`: connections that began within RECENT_US or so, and have no answer. */
export function examineConnections(load: ConnectionLoad, unanswered: number): ConnectionLoad {
  const { atUs, last } = load;
  const recent = [...load.recent, { atUs, conns: last.conns }].filter((_, index, all) => (all[index + 1]?.atUs ?? atUs) > atUs - RECENT_US);
  const began = last.conns - (recent[0]?.conns ?? last.conns);
  const isUnanswered = unanswered >= UNANSWERED_MIN && unanswered >= UNANSWERED_SHARE * Math.max(began, unanswered);
  return { ...load, recent, isUnanswered };
}

/** A server that does not answer is busy, and completes nothing: so its weight falls as that of a busy one, unless all are so. */
export function connectionReport({ beganUs, atUs, busyUs, unansweredUs, completed }: ConnectionLoad): LoadReport {
  const total = atUs - beganUs;
  const resources = [
    { name: 'connections', busy: busyUs, total },
    { name: 'unanswered', busy: unansweredUs, total },
  ];
  return { counters: { run: String(beganUs), resources, completed } };
}
