// Least connections, plain and weighted: the destination with the smallest overhead.
import { type Candidate, type Candidates, eligible, stateless } from './scheduler.js';

/** An active connection costs as much as 256 inactive ones. A signed 32-bit number, as in the kernel. */
export function overhead(candidate: Candidate): number {
  return ((candidate.active << 8) + candidate.inactive) | 0;
}

function leastConnection(list: Candidates): number | null {
  let least: Candidate | null = null;
  for (const candidate of list.filter(eligible)) {
    if (least === null || overhead(candidate) < overhead(least)) least = candidate;
  }
  return least?.id ?? null;
}

/** Overheads are compared per unit of weight, by cross products that need 64 bits. */
export function weightedLeastConnection(list: Candidates): number | null {
  let least: Candidate | null = null;
  for (const candidate of list.filter(eligible)) {
    if (least === null || overheadBy(least, candidate.weight) > overheadBy(candidate, least.weight)) least = candidate;
  }
  return least?.id ?? null;
}

/** A candidate's overhead times the weight of the one that it is compared with. */
export function overheadBy(candidate: Candidate, weight: number): bigint {
  return BigInt(overhead(candidate)) * BigInt(weight);
}

/** The first of the list wins a tie; the weight is only asked whether it is 0. */
export const leastConnections = stateless('lc', leastConnection);

/** The first of the list wins a tie. */
export const weightedLeastConnections = stateless('wlc', weightedLeastConnection);
