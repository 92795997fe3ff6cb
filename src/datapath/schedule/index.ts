// The schedulers by name, and one service's scheduling as a value.
import { failover, overflow } from './fo.js';
import { destinationHash, maglevHashing, sourceHash } from './hashes.js';
import { localityBased, replicatedLocalityBased, type ServerSet } from './lblc.js';
import { leastConnections, weightedLeastConnections } from './lc.js';
import { type RoundRobinState, roundRobin } from './rr.js';
import type { Arrival, Candidates, Scheduler } from './scheduler.js';
import { neverQueue, shortestExpectedDelay } from './sed.js';
import { twoChoices } from './twos.js';
import { type WeightedRoundRobinState, weightedRoundRobin } from './wrr.js';

/**
 * The destinations of one service with its scheduler's state inside: every change returns a new value.
 * `list` is always the whole list after the change, newest first.
 */
export interface Schedule {
  readonly scheduler: string;
  /** -b. */
  readonly flags: number;
  added(list: Candidates): Schedule;
  deleted(list: Candidates, deleted: number, predecessor: number | null): Schedule;
  edited(list: Candidates): Schedule;
  /** Other flags (-b). */
  flagged(flags: number): Schedule;
  pick(list: Candidates, arrival: Arrival): { readonly id: number | null; readonly next: Schedule };
}

function hold<S>(scheduler: Scheduler<S>, state: S, flags: number): Schedule {
  return {
    scheduler: scheduler.name,
    flags,
    added: (list) => hold(scheduler, scheduler.added(state, list), flags),
    deleted: (list, deleted, predecessor) => hold(scheduler, scheduler.deleted(state, list, deleted, predecessor), flags),
    edited: (list) => hold(scheduler, scheduler.edited(state, list), flags),
    flagged: (others) => hold(scheduler, state, others),
    pick(list, arrival) {
      const { id, next } = scheduler.pick(state, list, arrival, flags);
      return { id, next: hold(scheduler, next, flags) };
    },
  };
}

/** `flags`: -b; none of them by default. */
export type Start = (list: Candidates, flags?: number) => Schedule;

function starter<S>(scheduler: Scheduler<S>): readonly [string, Start] {
  return [scheduler.name, (list, flags = 0) => hold(scheduler, scheduler.init(list), flags)];
}

/** How to start each scheduler that the datapath has, by its name on the command line. */
export const schedulers: ReadonlyMap<string, Start> = new Map([
  starter(roundRobin),
  starter(weightedRoundRobin),
  starter(leastConnections),
  starter(weightedLeastConnections),
  starter(shortestExpectedDelay),
  starter(neverQueue),
  starter(failover),
  starter(overflow),
  starter(destinationHash),
  starter(sourceHash),
  starter(maglevHashing),
  starter(twoChoices),
  starter(localityBased),
  starter(replicatedLocalityBased),
]);

/** Where a scheduler stands that does not go by its list alone. Localities are by the packet's destination address, as a text. */
export type Standing =
  | { readonly scheduler: 'rr'; readonly state: RoundRobinState }
  | { readonly scheduler: 'wrr'; readonly state: WeightedRoundRobinState }
  | { readonly scheduler: 'lblc'; readonly state: ReadonlyMap<string, number> }
  | { readonly scheduler: 'lblcr'; readonly state: ReadonlyMap<string, ServerSet> };

/** One service's scheduling that goes on from there. */
export function resumed(standing: Standing, flags: number): Schedule {
  switch (standing.scheduler) {
    case 'rr':
      return hold(roundRobin, standing.state, flags);
    case 'wrr':
      return hold(weightedRoundRobin, standing.state, flags);
    case 'lblc':
      return hold(localityBased, standing.state, flags);
    case 'lblcr':
      return hold(replicatedLocalityBased, standing.state, flags);
  }
}
