// An invariant of VRRP, what it observes of a step, and what it reads in that.
import type { Effect, Input } from '../../control/vrrp/messages.js';
import type { InvariantOf } from '../invariant.js';
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

export type MakeInvariant = (world: World, history: History) => InvariantOf<Observation, Disturbance>;

export const stateOf = (view: readonly InstanceView[], name: string): InstanceView['state'] | undefined =>
  view.find((instance) => instance.name === name)?.state;

export const sameStates = (before: readonly InstanceView[], after: readonly InstanceView[]): boolean =>
  before.length === after.length && before.every(({ name, state }, index) => after[index]?.name === name && after[index].state === state);
