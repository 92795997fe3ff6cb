// An invariant of health checks.
import type { InvariantOf } from '../invariant.js';
import type { Disturbance, History } from './history.js';
import type { Observation } from './observation.js';
import type { World } from './world.js';

export type Invariant = InvariantOf<Observation, Disturbance>;

export type MakeInvariant = (world: World, history: History) => Invariant;
