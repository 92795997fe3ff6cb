// An invariant observes every step and the passing of time, and reports what is wrong.
import type { Disturbance, History } from './history.js';
import type { Observation } from './observation.js';
import type { World } from './world.js';

/** Each function returns what is wrong, or undefined. */
export interface Invariant {
  /** The time is `nowUs`; nothing happened since the last call of any function. */
  readonly passed?: (nowUs: number) => string | undefined;
  /** Called before it happens. */
  readonly disturbed?: (nowUs: number, what: Disturbance) => string | undefined;
  /** Called when the effects of the step were performed. */
  readonly stepped?: (observation: Observation) => string | undefined;
}

export type MakeInvariant = (world: World, history: History) => Invariant;

export interface Violation {
  readonly atUs: number;
  readonly text: string;
}
