// Of two destinations chosen at random by weight, the less busy one.
import { overhead } from './lc.js';
import { type Candidate, type Candidates, eligible, type Scheduler } from './scheduler.js';

/** The destination at which a share of the sum of all weights is used up: 0 and the first weight mean the first. */
function at(list: Candidates, share: number): Candidate | undefined {
  let left = share;
  return list.find(({ weight }) => {
    left -= weight;
    return left <= 0;
  });
}

/** `shares`: two numbers of 0 to the sum of the eligible weights, both included. Products of 32 bits with a sign, as in the kernel. */
export function betterOfTwo(list: Candidates, [first, second]: readonly [number, number]): number | null {
  const able = list.filter(eligible);
  const [one, two] = [at(able, first), at(able, second)];
  if (one === undefined || two === undefined) return one?.id ?? two?.id ?? null;
  return Math.imul(two.weight, overhead(one)) > Math.imul(one.weight, overhead(two)) ? two.id : one.id;
}

/** A linear congruential generator (Numerical Recipes): the datapath's choices are the kernel's random numbers, which cannot be foretold. */
const drawn = (state: number): number => (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;

export const twoChoices: Scheduler<number> = {
  name: 'twos',
  init: () => 1,
  added: (state) => state,
  deleted: (state) => state,
  edited: (state) => state,
  pick(state, list) {
    const sum = list.filter(eligible).reduce((total, { weight }) => total + weight, 0);
    const [first, second] = [drawn(state), drawn(drawn(state))];
    const share = (word: number): number => Math.floor(((sum + 1) * word) / 2 ** 32);
    return { id: betterOfTwo(list, [share(first), share(second)]), next: second };
  },
};
