// Runs a pure machine in a process: holds its state, feeds it inputs one at a time, has its effects performed in order, and wakes it on time.
import type { StepFunction } from '../../control/machine.js';
import { Alarm } from '../../sys/alarm.js';
import { monotonicUs } from '../../sys/clock.js';

export interface StepLoopOptions<State, Input, Effect> {
  readonly initial: State;
  readonly step: StepFunction<State, Input, Effect>;
  /** The effects of one step. Inputs fed meanwhile are handled after them. */
  readonly perform: (effects: readonly Effect[]) => void;
  /** The time that the machine asked for has come. Feeds the input for that, after whatever waits in sockets. */
  readonly onWake: (lateUs: number) => void;
  /** Wakes the machine at multiples of this only, so that all that is due meanwhile is done in one step. Absent: exactly on time. */
  readonly wakeEveryUs?: number;
  /** An input to handle before the one that was just fed. */
  readonly before?: () => Input | undefined;
}

export class StepLoop<State, Input, Effect> {
  #state: State;
  #stepping = false;
  readonly #inputs: Input[] = [];
  readonly #alarm: Alarm;

  constructor(readonly options: StepLoopOptions<State, Input, Effect>) {
    this.#state = options.initial;
    this.#alarm = new Alarm(options.onWake);
  }

  get state(): State {
    return this.#state;
  }

  /** Steps the machine and performs its effects; an input that is fed meanwhile waits for its turn. */
  feed(input: Input): void {
    this.#inputs.push(input);
    if (this.#stepping) return;
    this.#stepping = true;
    try {
      const first = this.options.before?.();
      if (first !== undefined) this.#inputs.unshift(first);
      for (let next = this.#inputs.shift(); next !== undefined; next = this.#inputs.shift()) this.#step(next);
    } finally {
      this.#stepping = false;
    }
  }

  #step(input: Input): void {
    const { state, effects, wakeAtUs } = this.options.step(this.#state, input, monotonicUs());
    this.#state = state;
    this.#alarm.set(wakeAtUs === undefined ? undefined : this.#rounded(wakeAtUs));
    this.options.perform(effects);
  }

  #rounded(us: number): number {
    const { wakeEveryUs = 1 } = this.options;
    return Math.ceil(us / wakeEveryUs) * wakeEveryUs;
  }

  /** Wakes the machine no more. */
  close(): void {
    this.#alarm.close();
  }
}
