// Locality-based least connections: the destination that served the packet's address last, or the least loaded of a set of them.
import { overheadBy, weightedLeastConnection } from './lc.js';
import type { Arrival, Candidate, Candidates, Pick, Scheduler } from './scheduler.js';

/** Busy, while another one has less than half of the active connections that its weight stands for. Thresholds do not count here. */
const givesWay = (candidate: Candidate, list: Candidates): boolean =>
  candidate.active > candidate.weight && list.some(({ active, weight }) => active * 2 < weight);

const byId = (list: Candidates, id: number | undefined): Candidate | undefined => list.find((each) => each.id === id);

/** No change of the service concerns the addresses: a destination that is added again is the one that it was. */
function byAddress<T>(
  name: string,
  pick: (known: ReadonlyMap<string, T>, list: Candidates, arrival: Arrival) => Pick<ReadonlyMap<string, T>>,
): Scheduler<ReadonlyMap<string, T>> {
  return { name, init: () => new Map(), added: (state) => state, deleted: (state) => state, edited: (state) => state, pick };
}

/** As the kernel's lblc. The upper threshold of the one that served last does not count. */
export const localityBased = byAddress<number>('lblc', (known, list, { address }) => {
  const last = byId(list, known.get(address));
  if (last !== undefined && last.weight > 0 && !givesWay(last, list)) return { id: last.id, next: known };
  const id = weightedLeastConnection(list);
  return { id, next: id === null ? known : new Map(known).set(address, id) };
});

export interface ServerSet {
  /** Newest first. */
  readonly members: readonly number[];
  /** When one last joined or left, s. */
  readonly changed: number;
}

/** The most loaded of the members with a weight; the first wins a tie. */
function mostLoaded(members: Candidates): number | undefined {
  let most: Candidate | undefined;
  for (const member of members.filter(({ weight }) => weight > 0)) {
    if (most === undefined || overheadBy(most, member.weight) < overheadBy(member, most.weight)) most = member;
  }
  return most?.id;
}

/** A set of several that did not change for so long loses its most loaded, even if it is deleted. */
function shrunk(set: ServerSet, list: Candidates, { now, lblcrExpiration, deleted }: Arrival): ServerSet {
  if (set.members.length < 2 || now - set.changed <= lblcrExpiration) return set;
  const most = mostLoaded(set.members.flatMap((id) => byId([...list, ...deleted], id) ?? []));
  return most === undefined ? set : { members: set.members.filter((id) => id !== most), changed: now };
}

const joined = (set: ServerSet, id: number, now: number): ServerSet =>
  set.members.includes(id) ? set : { members: [id, ...set.members], changed: now };

/** As the kernel's lblcr: the least loaded of the set serves, even if it leaves the set now; if it gives way, wlc's joins the set. */
export const replicatedLocalityBased = byAddress<ServerSet>('lblcr', (known, list, arrival) => {
  const { address, now } = arrival;
  const set = known.get(address) ?? { members: [], changed: now };
  const least = byId(list, weightedLeastConnection(set.members.flatMap((id) => byId(list, id) ?? [])) ?? undefined);
  const left = shrunk(set, list, arrival);
  const kept = left === set ? known : new Map(known).set(address, left);
  if (least !== undefined && !givesWay(least, list)) return { id: least.id, next: kept };
  const id = weightedLeastConnection(list);
  return { id, next: id === null ? kept : new Map(kept).set(address, joined(left, id, now)) };
});
