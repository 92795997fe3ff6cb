// Round robin: the next destination after the one chosen last, weights ignored except 0.
import { eligible, HEAD, indexOfPlace, type Place, type Scheduler } from './scheduler.js';

/** `last`: the destination chosen last. */
export interface RoundRobinState {
  readonly last: Place;
}

/**
 * As the kernel's rr. The walk begins behind the destination chosen last and wraps once; a new destination stands at the
 * head of the list, so it is not visited before the walk wraps. When the one chosen last is deleted, the walk goes on
 * from its predecessor, so that its successor is next. A failed pick leaves the state alone.
 */
export const roundRobin: Scheduler<RoundRobinState> = {
  name: 'rr',
  init: () => ({ last: HEAD }),
  added: (state) => state,
  edited: (state) => state,
  deleted: (state, _list, deleted, predecessor) => (state.last === deleted ? { last: predecessor } : state),
  pick(state, list) {
    const start = indexOfPlace(list, state.last) + 1;
    for (let step = 0; step < list.length; step++) {
      const candidate = list[(start + step) % list.length];
      if (candidate !== undefined && eligible(candidate)) return { id: candidate.id, next: { last: candidate.id } };
    }
    return { id: null, next: state };
  },
};
