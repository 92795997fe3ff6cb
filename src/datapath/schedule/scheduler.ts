// What a scheduler is: a pure machine that picks the destination of a new connection, as the kernel's IPVS does.

import type { RingMember } from '../../model/rings/rings.js';

/**
 * A destination as a scheduler sees it. `active`, `inactive`: connections by the kernel's count;
 * `overloaded`: at its upper threshold. A negative weight counts as 0.
 */
export interface Candidate extends RingMember {
  readonly active: number;
  readonly inactive: number;
  readonly overloaded: boolean;
}

/** A service's destinations, newest first: the order in which the kernel walks them. */
export type Candidates = readonly Candidate[];

/** What a scheduler sees of a new connection's packet, and of what is around it. Folds: IPv4 as a number, IPv6 its four words XORed. */
export interface Arrival {
  readonly clientFold: number;
  /** 0 for protocols without ports. */
  readonly clientPort: number;
  readonly serviceFold: number;
  /** The address that the packet is for, as a text: of a service by a firewall mark it may be any. */
  readonly address: string;
  /** The time, s. */
  readonly now: number;
  /** The setting, s. */
  readonly lblcrExpiration: number;
  /** Destinations that were deleted and that connections or the scheduler still know. */
  readonly deleted: Candidates;
}

/** Can a candidate be given new connections? */
export const eligible = (candidate: Candidate): boolean => !candidate.overloaded && candidate.weight > 0;

/** `id`: the destination of the new connection, or null when none can take it. */
export interface Pick<S> {
  readonly id: number | null;
  readonly next: S;
}

/** The first and the second flag (-b) of sh and mh, which others do not look at. */
export const FALLBACK = 0x1;
export const WITH_PORT = 0x2;

/**
 * One scheduling method. State goes in and comes out; nothing is changed in place.
 * The list is always the one after the change; ids are unique in it and never reused.
 */
export interface Scheduler<S> {
  readonly name: string;
  /** State of a service that starts with this list, or changes to this scheduler. */
  init(list: Candidates): S;
  added(state: S, list: Candidates): S;
  /** `predecessor`: what stood before the deleted destination in the list, null when it was the first. */
  deleted(state: S, list: Candidates, deleted: number, predecessor: number | null): S;
  /** A destination's weight (or thresholds) changed. */
  edited(state: S, list: Candidates): S;
  /** `flags`: of the service (-b). */
  pick(state: S, list: Candidates, arrival: Arrival, flags: number): Pick<S>;
}

/** The walk starts at the head: no destination was chosen yet, or the list changed. */
export const HEAD = null;

/** A place in the list: the id of a destination, or `HEAD`, which stands before the first and after the last. */
export type Place = number | typeof HEAD;

/**
 * Index in `list` of `place`; -1 for `HEAD`, so that the walk goes on at index + 1.
 * @throws Error when the list no longer holds the place: a scheduler must move its place on delete
 */
export function indexOfPlace(list: Candidates, place: Place): number {
  if (place === HEAD) return -1;
  const index = list.findIndex((candidate) => candidate.id === place);
  if (index < 0) throw new Error(`no destination ${place} in the list`);
  return index;
}

/** A scheduler that keeps no state: each pick looks at the list alone. */
export function stateless(name: string, choose: (list: Candidates) => number | null): Scheduler<null> {
  return {
    name,
    init: () => null,
    added: () => null,
    deleted: () => null,
    edited: () => null,
    pick: (_state, list) => ({ id: choose(list), next: null }),
  };
}
