// What is seen of one step.
import type { CheckEffect, CheckInput } from '../../control/check/messages.js';
import type { ServerView } from './machine.js';

/** One step of the process. `nowUs`: the history's time; `localUs`: the process's clock. */
export interface Observation {
  readonly nowUs: number;
  readonly localUs: number;
  readonly input: CheckInput;
  readonly before: readonly ServerView[];
  readonly after: readonly ServerView[];
  readonly effects: readonly CheckEffect[];
  /** By the process's clock. */
  readonly wakeAtUs: number | undefined;
}
