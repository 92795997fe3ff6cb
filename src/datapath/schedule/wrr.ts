// Weighted round robin: passes over the list with a falling threshold, the heaviest destinations first.
import { gcd } from '../../model/rings/gcd.js';
import { type Candidates, HEAD, indexOfPlace, type Pick, type Place, type Scheduler } from './scheduler.js';

/**
 * The kernel's mark. `cl`: the destination chosen last; `cw`: the threshold of this pass; `mw`: the highest threshold;
 * `di`: the step by which the threshold falls, the greatest common divisor of the weights.
 */
export interface WeightedRoundRobinState {
  readonly cl: Place;
  readonly cw: number;
  readonly mw: number;
  readonly di: number;
}

/** gcd of the positive weights (1 if none), and the largest less (gcd - 1), 0 if all are 0. */
export function wrrNumbers(weights: readonly number[]): { readonly gcd: number; readonly max: number } {
  const positive = weights.filter((weight) => weight > 0);
  const di = positive.reduce(gcd, 0) || 1;
  return { gcd: di, max: positive.length === 0 ? 0 : Math.max(...positive) - (di - 1) };
}

/** The threshold after the list or its weights changed: kept within the new bounds. */
export function wrrWeightAfter(current: number, di: number, max: number): number {
  if (current > max || current === 0) return max;
  return di > 1 ? Math.floor(current / di) * di + 1 : current;
}

function measure(list: Candidates): { readonly mw: number; readonly di: number } {
  const { gcd: di, max: mw } = wrrNumbers(list.map(({ weight }) => weight));
  return { di, mw };
}

/** Any change of the list: the walk starts at the head, but the threshold stays where it can. */
function changed(state: WeightedRoundRobinState, list: Candidates): WeightedRoundRobinState {
  const { mw, di } = measure(list);
  return { cl: HEAD, cw: wrrWeightAfter(state.cw, di, mw), mw, di };
}

/** The first destination behind `from` that reaches the threshold; `stopped`: the walk met `stop` and none did. */
function walk(list: Candidates, from: number, cw: number, stop: Place): { readonly id: number | null; readonly stopped: boolean } {
  for (const candidate of list.slice(from + 1)) {
    if (!candidate.overloaded && candidate.weight >= cw) return { id: candidate.id, stopped: false };
    if (stop !== HEAD && candidate.id === stop) return { id: null, stopped: true };
  }
  return { id: null, stopped: false };
}

/** Gives up only when every destination was tried against a threshold that any weight above 0 reaches. */
function pick(state: WeightedRoundRobinState, list: Candidates): Pick<WeightedRoundRobinState> {
  const { mw, di, cl: last } = state;
  if (mw <= 0) return { id: null, next: state };
  let { cw } = state;
  let from = indexOfPlace(list, last);
  let stop: Place = HEAD;
  let restarted = false;
  let lastPass = false;
  for (;;) {
    const found = walk(list, from, cw, stop);
    if (found.id !== null) return { id: found.id, next: { ...state, cl: found.id, cw } };
    if (found.stopped) return { id: null, next: { ...state, cl: stop, cw } };
    from = -1;
    cw -= di;
    if (cw <= 0) {
      cw = mw;
      if (lastPass || last === HEAD) return { id: null, next: { ...state, cl: HEAD, cw } };
      restarted = true;
    }
    lastPass = cw <= di;
    if (lastPass && restarted && last !== HEAD) stop = last;
  }
}

/** As the kernel's wrr (since 3.12): the state survives edits, so adding a destination does not restart at the highest weight. */
export const weightedRoundRobin: Scheduler<WeightedRoundRobinState> = {
  name: 'wrr',
  init(list) {
    const { mw, di } = measure(list);
    return { cl: HEAD, cw: mw, mw, di };
  },
  added: changed,
  edited: changed,
  deleted: (state, list) => changed(state, list),
  pick,
};
