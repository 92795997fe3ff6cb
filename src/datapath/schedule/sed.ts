// Shortest expected delay, and never queue: what a destination would be busy with if it got the connection.
import { type Candidate, type Candidates, eligible, stateless } from './scheduler.js';

/** Compared per unit of weight, by cross products that need 64 bits. Inactive connections do not count. */
const delays = (candidate: Candidate, weight: number): bigint => BigInt(candidate.active + 1) * BigInt(weight);

function soonest(list: Candidates): number | null {
  let best: Candidate | null = null;
  for (const candidate of list.filter(eligible)) {
    if (best === null || delays(best, candidate.weight) > delays(candidate, best.weight)) best = candidate;
  }
  return best?.id ?? null;
}

/** The first of the list wins a tie. */
export const shortestExpectedDelay = stateless('sed', soonest);

/** The first of the list that has no active connection, whatever its weight; where each has one, as sed. */
export const neverQueue = stateless('nq', (list) => list.find((each) => eligible(each) && each.active === 0)?.id ?? soonest(list));
