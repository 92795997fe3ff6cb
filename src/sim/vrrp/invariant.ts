// An invariant observes every step and the passing of time, and reports what is wrong.
import type { Effect, Input } from '../../control/vrrp/messages.js';
import type { Disturbance, History } from './history.js';
import type { InstanceView } from './machine.js';
import type { World } from './world.js';

/** One step of one node. Times are the history's, not those of the node's clock. */
export interface Observation {
  readonly nowUs: number;
  readonly node: number;
  readonly input: Input;
  readonly before: readonly InstanceView[];
  readonly after: readonly InstanceView[];
  readonly effects: readonly Effect[];
  readonly wakeAtUs: number | undefined;
}

/** Each function returns what is wrong, or undefined. */
export interface Invariant {
  /** The time is `nowUs`; nothing happened since the last call of any function. */
  readonly passed?: (nowUs: number) => string | undefined;
  readonly disturbed?: (nowUs: number, what: Disturbance) => string | undefined;
  readonly stepped?: (observation: Observation) => string | undefined;
}

export type MakeInvariant = (world: World, history: History) => Invariant;

export interface Violation {
  readonly atUs: number;
  readonly text: string;
}

export const stateOf = (view: readonly InstanceView[], name: string): InstanceView['state'] | undefined =>
  view.find((instance) => instance.name === name)?.state;

export const sameStates = (before: readonly InstanceView[], after: readonly InstanceView[]): boolean =>
  before.length === after.length && before.every(({ name, state }, index) => after[index]?.name === name && after[index].state === state);
