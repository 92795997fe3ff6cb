// Failover and overflow: the heaviest destination serves alone.
import { type Candidates, eligible, stateless } from './scheduler.js';

/** The first of the list wins a tie. */
function heaviest(list: Candidates): number | null {
  const weight = Math.max(...list.map((candidate) => candidate.weight));
  return list.find((candidate) => candidate.weight === weight)?.id ?? null;
}

/** The heaviest that can take connections at all. */
export const failover = stateless('fo', (list) => heaviest(list.filter(eligible)));

/** The heaviest among those with no more active connections than their weight, so each takes one more than its weight. */
export const overflow = stateless('ovf', (list) => heaviest(list.filter((each) => eligible(each) && each.active <= each.weight)));
