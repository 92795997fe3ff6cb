// The one place where a destination's weight for packets is made. What the programs above it agree on is the configured weight: the operator's, which
// health checks set to 0 (inhibit_on_failure) and feedback moves. A drain stands below all of them: whatever they write, packets find 0.
import type { DestinationEntry } from '../service.js';
import type { Hold } from './drain.js';

/** As the record of a destination has it. `lastWeight`: of one that is held the configured weight, else its last weight that was not 0. */
export interface StoredWeight {
  readonly weight: number;
  readonly lastWeight: number;
  readonly held: boolean;
}

/** What is stored for a configured weight. `before`: the last weight that was not 0. */
export function storedWeight(configured: number, before: number, hold: Hold | undefined): StoredWeight {
  if (hold !== undefined) return { weight: heldWeight(configured, hold), lastWeight: configured, held: true };
  return { weight: configured, lastWeight: configured === 0 ? before : configured, held: false };
}

/** A configured weight of 0 stays so, as that of a server that is down. Of another one something is left by every share but 0. */
function heldWeight(configured: number, { share = 0, weight = configured }: Hold): number {
  return configured === 0 || weight === 0 || share === 0 ? 0 : Math.max(1, Math.floor(weight * share));
}

export const configuredWeight = ({ weight, lastWeight, held }: StoredWeight): number => (held ? lastWeight : weight);

/** The weight that packets find. */
export const effectiveWeight = ({ spec, held }: Pick<DestinationEntry, 'spec' | 'held'>): number =>
  held === undefined ? spec.weight : (held.weight ?? 0);
