// Runs the machine of feedback on a simulated pool, second by second.

import type { FeedbackInput, TableServer } from '../../control/feedback/messages.js';
import { initialFeedback } from '../../control/feedback/state.js';
import { step } from '../../control/feedback/step.js';
import { FEEDBACK_DEFAULTS, type FeedbackSettings } from '../../model/feedback/feedback-settings.js';
import type { LoadReport } from '../../model/feedback/load-report.js';
import { randomFrom } from '../random.js';
import { countersAt, idleServer, type ServerLoad, serve } from './pool.js';
import type { Scenario } from './scenario.js';

/** After a second: weights and load of each server, in the scenario's order. */
export interface Moment {
  readonly atS: number;
  readonly weights: readonly number[];
  /** Requests and stolen time, as a share of what the server can do: more than 1 makes a queue. */
  readonly demand: readonly number[];
  readonly queueS: readonly number[];
}

export interface FeedbackRun {
  readonly moments: readonly Moment[];
  readonly log: readonly string[];
}

const US = 1_000_000;

class Simulation {
  #machine = initialFeedback();
  #loads: readonly ServerLoad[];
  #weights: number[];
  #byHand: readonly (number | undefined)[];
  readonly #late: { readonly dueS: number; readonly server: string; readonly report: LoadReport }[] = [];
  readonly log: string[] = [];
  readonly #random;

  constructor(
    readonly scenario: Scenario,
    settings: FeedbackSettings | 'none',
    seed: number,
  ) {
    this.#random = randomFrom(seed);
    this.#loads = scenario.servers.map(() => idleServer);
    this.#weights = scenario.servers.map(({ weight }) => weight);
    this.#byHand = scenario.servers.map(() => undefined);
    if (settings !== 'none') this.#feed({ kind: 'configure', settings }, 0);
  }

  #feed(input: FeedbackInput, atS: number): void {
    const { state, effects } = step(this.#machine, input, atS * US);
    this.#machine = state;
    for (const effect of effects) {
      if (effect.kind === 'log') {
        this.log.push(`${atS} ${effect.text}`);
        continue;
      }
      for (const { server, to, from, reason } of effect.writes) {
        this.#weights[Number(server)] = to;
        this.log.push(`${atS} ${server} ${from}→${to}: ${reason}`);
      }
      this.#feed({ kind: 'written', servers: effect.writes.map(({ server }) => server) }, atS);
    }
  }

  #table(): readonly TableServer[] {
    return this.#weights.map((weight, index) => ({
      id: String(index),
      name: `web${index + 1}`,
      weight,
      counters: { conns: this.#loads[index]?.conns ?? 0, active: this.#loads[index]?.queue ?? 0 },
    }));
  }

  /** An operator's changes. */
  #changeByHand(atS: number): void {
    const wanted = this.scenario.servers.map(({ weightByHand }) => weightByHand?.(atS));
    for (const [index, weight] of wanted.entries())
      if (weight !== undefined && weight !== this.#byHand[index] && atS > 0 && this.#byHand[index] !== undefined)
        this.#weights[index] = weight;
    this.#byHand = wanted;
  }

  #report(atS: number): void {
    for (const [index, { reporting }] of this.scenario.servers.entries()) {
      const load = this.#loads[index] ?? idleServer;
      const report = reporting({ counters: countersAt(load, atS) }, atS);
      if (report !== undefined) this.#late.push({ dueS: atS + this.scenario.delayS, server: String(index), report });
    }
  }

  #arrive(atS: number): void {
    for (let first = this.#late[0]; first !== undefined && first.dueS <= atS; first = this.#late[0]) {
      this.#late.shift();
      this.#feed({ kind: 'report', server: first.server, report: first.report }, atS);
    }
  }

  second(atS: number, everyS: number): Moment {
    const { servers, load, noise } = this.scenario;
    this.#changeByHand(atS);
    const sum = this.#weights.reduce((total, weight) => total + weight, 0);
    const requests = this.#weights.map((weight) => (sum === 0 ? 0 : (load(atS) * weight) / sum));
    this.#loads = servers.map((server, index) =>
      serve(this.#loads[index] ?? idleServer, server, requests[index] ?? 0, atS, noise, this.#random),
    );
    const endS = atS + 1;
    this.#feed({ kind: 'look', servers: this.#table() }, endS);
    if (endS % everyS === 0) this.#report(endS);
    this.#arrive(endS);
    this.#feed({ kind: 'wake' }, endS);
    return {
      atS: endS,
      weights: [...this.#weights],
      demand: servers.map(({ capacity, taken }, index) => taken(atS) + (requests[index] ?? 0) / capacity),
      queueS: servers.map(({ capacity }, index) => (this.#loads[index]?.queue ?? 0) / capacity),
    };
  }
}

/** `settings`: 'none': the weights stay as they are. */
export function runFeedback(scenario: Scenario, settings: FeedbackSettings | 'none' = FEEDBACK_DEFAULTS, seed = 1): FeedbackRun {
  const simulation = new Simulation(scenario, settings, seed);
  const everyS = settings === 'none' ? 1 : Math.max(1, Math.round(settings.periodUs / US / 2));
  const moments = Array.from({ length: scenario.endS }, (_, atS) => simulation.second(atS, everyS));
  return { moments, log: simulation.log };
}
