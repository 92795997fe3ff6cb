// All attempts under way. Outcomes are collected and reported together once a turn of the event loop.
import { randomBytes } from 'node:crypto';
import type { Answered, Attempt, Outcome } from '../../../control/check/messages.js';
import type { ProbeTools } from '../../../control/check/probe.js';
import { Regex } from '../../../sys/regex.js';
import { AttemptRun, type OpenCarrier } from './attempt-run.js';
import { type CarrierTools, openCarrier } from './carriers.js';
import { RunningAttempts } from './running-attempts.js';
import { VipProbes } from './vip/vip-probes.js';

/** What attempts need from outside. `servedPorts`: of the virtual servers. */
export type AttemptTools = Omit<CarrierTools, 'random' | 'openVip'> & { readonly servedPorts?: () => ReadonlySet<number> };

/** So many random bytes are made together: each call of the system costs more than they do. */
const RANDOM_BYTES = 4096;

export class Attempts {
  readonly #running = new RunningAttempts<AttemptRun>();
  readonly #expressions = new Map<string, Regex>();
  #answered: Answered[] = [];
  #randomBytes = new Uint8Array(0);
  #randomUsed = 0;

  readonly #tools: ProbeTools = {
    match: (pattern, options, bytes, minOffset, maxOffset) => {
      const at = this.#expression(pattern, options).find(bytes, minOffset);
      return at !== undefined && (maxOffset === undefined || at <= maxOffset);
    },
    random: () => this.#random(),
  };

  readonly #carrierTools: CarrierTools;
  readonly #vipProbes: VipProbes;

  constructor(
    tools: AttemptTools,
    /** Never called within `start`. */
    readonly onOutcomes: (outcomes: readonly Answered[]) => void,
  ) {
    this.#carrierTools = {
      ...tools,
      random: () => this.#random(),
      openVip: (attempt, check, feed) => this.#vipProbes.open(attempt, check, feed),
    };
    this.#vipProbes = new VipProbes(tools.servedPorts ?? (() => new Set()));
  }

  get count(): number {
    return this.#running.count;
  }

  #expression(pattern: string, options: readonly string[]): Regex {
    const key = JSON.stringify([pattern, options]);
    const known = this.#expressions.get(key);
    if (known !== undefined) return known;
    const made = new Regex(pattern, options);
    this.#expressions.set(key, made);
    return made;
  }

  /** 16 bits. */
  #random(): number {
    if (this.#randomUsed + 2 > this.#randomBytes.length) {
      this.#randomBytes = new Uint8Array(randomBytes(RANDOM_BYTES));
      this.#randomUsed = 0;
    }
    const [high = 0, low = 0] = this.#randomBytes.subarray(this.#randomUsed, this.#randomUsed + 2);
    this.#randomUsed += 2;
    return (high << 8) | low;
  }

  start(attempt: Attempt): void {
    const run = new AttemptRun(attempt, this.#tools, this.#open, this.#ended);
    if (!run.isOver) this.#running.add(run);
  }

  readonly #open: OpenCarrier = (attempt, feed) => openCarrier(attempt, feed, this.#carrierTools);

  readonly #ended = (outcome: Outcome, run: AttemptRun): void => {
    this.#running.remove(run);
    const { number, checker } = run.attempt;
    if (this.#answered.length === 0) setImmediate(() => this.#report());
    this.#answered.push({ attempt: number, checker, outcome });
  };

  #report(): void {
    const outcomes = this.#answered;
    this.#answered = [];
    if (outcomes.length > 0) this.onOutcomes(outcomes);
  }

  abandon(attempt: number): void {
    const run = this.#running.find(attempt);
    if (run === undefined) return;
    run.abandon();
    this.#running.remove(run);
  }

  close(): void {
    for (const run of this.#running.takeAll()) run.abandon();
    this.#vipProbes.close();
    this.#answered = [];
  }
}
