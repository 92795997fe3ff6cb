// The notify scripts of one instance: one after the other, but none waits for ever for one that does not end.

import type { Log } from '../../model/log-level.js';
import type { ResolvedScript } from '../scripts/resolve-script.js';
import { type RunningScript, runScript } from '../scripts/run-script.js';

/** Runs that wait for their turn; the oldest are given up beyond that. */
const QUEUE_MAX = 64;
/** Scripts that did not end in their time; beyond that the oldest is killed. */
const BESIDE_MAX = 16;
/** How long the next script waits for the one that runs, ms; then both run, as keepalived has it from the start. */
export const TURN_MAX_MS = 10_000;

export interface NotifyRun {
  readonly script: Exclude<ResolvedScript, { kind: 'disabled' }>;
  readonly arguments: readonly string[];
  /** As configured, for the log. */
  readonly name: string;
}

interface Turn {
  readonly run: NotifyRun;
  readonly running: RunningScript;
  readonly timer: NodeJS.Timeout;
}

export class NotifyQueue {
  readonly #waiting: NotifyRun[] = [];
  #turn: Turn | undefined;
  /** Runs that did not end in their time, the oldest first. */
  readonly #beside: Turn[] = [];
  /** Runs given up since the scripts kept up last: logged when it begins and when it is over. */
  #givenUp = 0;

  constructor(
    readonly instance: string,
    readonly log: Log,
    readonly turnMaxMs: number,
  ) {}

  /** Never waits. */
  add(runs: readonly NotifyRun[]): void {
    this.#waiting.push(...runs);
    const dropped = this.#waiting.splice(0, Math.max(0, this.#waiting.length - QUEUE_MAX));
    if (dropped.length > 0 && this.#givenUp === 0) {
      this.log('warning', `(${this.instance}) notify scripts are too slow: ${QUEUE_MAX} runs wait, the oldest are given up`);
    }
    this.#givenUp += dropped.length;
    this.#next();
  }

  #started(): readonly Turn[] {
    return [...this.#beside, ...(this.#turn === undefined ? [] : [this.#turn])];
  }

  /** The ends of all that run now. */
  running(): readonly Promise<unknown>[] {
    return this.#started().map(({ running }) => running.ended);
  }

  /** Ends all that run now. */
  end(): void {
    for (const { running } of this.#started()) running.end();
  }

  /** Starts all that wait, whatever runs: the daemon is about to end. */
  startAll(): void {
    while (this.#turn !== undefined && this.#waiting.length > 0) {
      this.#setAside(this.#turn);
      this.#next();
    }
  }

  #next(): void {
    while (this.#turn === undefined) {
      const run = this.#waiting.shift();
      if (run === undefined) {
        if (this.#givenUp > 0) this.log('warning', `(${this.instance}) notify scripts have caught up: ${this.#givenUp} runs were given up`);
        this.#givenUp = 0;
        return;
      }
      this.#start(run);
    }
  }

  #start(run: NotifyRun): void {
    const running = runScript(run.script, { arguments: run.arguments });
    if (typeof running === 'string') {
      this.log('warning', `Unable to run notify script ${run.name}: ${running}`);
      return;
    }
    const turn = { run, running, timer: setTimeout(() => this.#late(turn), this.turnMaxMs).unref() };
    this.#turn = turn;
    void running.ended.then((outcome) => {
      clearTimeout(turn.timer);
      if (outcome.kind === 'exited' && (outcome.status === 126 || outcome.status === 127)) {
        this.log('warning', `Couldn't find command: ${run.name}`);
      }
      const aside = this.#beside.indexOf(turn);
      if (aside >= 0) this.#beside.splice(aside, 1);
      if (this.#turn === turn) this.#turn = undefined;
      this.#next();
    });
  }

  #late(turn: Turn): void {
    const seconds = this.turnMaxMs / 1000;
    this.log('warning', `(${this.instance}) notify script ${turn.run.name} has not ended after ${seconds} s: the next ones run beside it`);
    this.#setAside(turn);
    this.#next();
  }

  #setAside(turn: Turn): void {
    clearTimeout(turn.timer);
    this.#turn = undefined;
    const oldest = this.#beside.length >= BESIDE_MAX ? this.#beside.shift() : undefined;
    if (oldest !== undefined) {
      this.log('warning', `(${this.instance}) ${BESIDE_MAX} notify scripts have not ended: killing the oldest, ${oldest.run.name}`);
      oldest.running.signal('SIGKILL');
    }
    this.#beside.push(turn);
  }
}
