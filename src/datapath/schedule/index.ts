// The schedulers by name, and one service's scheduling as a value.
import { leastConnections, weightedLeastConnections } from './lc.js';
import { roundRobin } from './rr.js';
import type { Candidates, Scheduler } from './scheduler.js';
import { weightedRoundRobin } from './wrr.js';

/**
 * The destinations of one service with its scheduler's state inside: every change returns a new value.
 * `list` is always the whole list after the change, newest first.
 */
export interface Schedule {
  readonly scheduler: string;
  added(list: Candidates): Schedule;
  deleted(list: Candidates, deleted: number, predecessor: number | null): Schedule;
  edited(list: Candidates): Schedule;
  pick(list: Candidates): { readonly id: number | null; readonly next: Schedule };
}

function hold<S>(scheduler: Scheduler<S>, state: S): Schedule {
  return {
    scheduler: scheduler.name,
    added: (list) => hold(scheduler, scheduler.added(state, list)),
    deleted: (list, deleted, predecessor) => hold(scheduler, scheduler.deleted(state, list, deleted, predecessor)),
    edited: (list) => hold(scheduler, scheduler.edited(state, list)),
    pick(list) {
      const { id, next } = scheduler.pick(state, list);
      return { id, next: hold(scheduler, next) };
    },
  };
}

function starter<S>(scheduler: Scheduler<S>): readonly [string, (list: Candidates) => Schedule] {
  return [scheduler.name, (list) => hold(scheduler, scheduler.init(list))];
}

/** How to start each scheduler that the datapath has, by its name on the command line. */
export const schedulers: ReadonlyMap<string, (list: Candidates) => Schedule> = new Map([
  starter(roundRobin),
  starter(weightedRoundRobin),
  starter(leastConnections),
  starter(weightedLeastConnections),
]);
