// One attempt of VIP_CHECK: a probe for each VIP at the same time, which are asked several times within connect_timeout. All must be answered.
import type { Hop } from '../../../../control/check/vip/hop.js';
import { askPath, beginPath, endPath, leavePath, type PathStep, takeFrame } from '../../../../control/check/vip/path.js';
import type { PathNumbers, PathState, PathTarget } from '../../../../control/check/vip/path-state.js';
import { AnswerTimeout } from '../../../../sys/answer-timeout.js';
import type { FrameReceiver, ProbeLine } from './probe-line.js';

/** Parts of connect_timeout: a SYN, the same again, and twice the last questions. */
const PARTS = 4;
const LAST_FROM = 2;

/** The reason of the first probe that failed; undefined: all were answered. */
export type VipOutcome = (failure: string | undefined) => void;

class PathRun implements FrameReceiver {
  #state: PathState;
  #over = false;

  constructor(
    target: PathTarget,
    hop: Hop,
    numbers: PathNumbers,
    readonly line: ProbeLine,
    readonly done: VipOutcome,
  ) {
    this.#state = beginPath(target, hop, numbers);
    line.add(this);
  }

  get sequences(): readonly number[] {
    const { sequence, lastSequence } = this.#state.numbers;
    return [sequence, lastSequence];
  }

  #apply({ state, frames, end }: PathStep): void {
    this.#state = state;
    for (const frame of frames) this.line.send(frame);
    if (end === undefined) return;
    this.#over = true;
    this.line.remove(this);
    this.done(end.failure);
  }

  take(frame: Uint8Array): void {
    if (!this.#over) this.#apply(takeFrame(this.#state, frame));
  }

  ask(isLast: boolean): void {
    if (!this.#over) this.#apply(askPath(this.#state, isLast));
  }

  end(): void {
    if (!this.#over) this.#apply(endPath(this.#state));
  }

  close(): void {
    if (this.#over) return;
    this.#over = true;
    this.line.remove(this);
    for (const frame of leavePath(this.#state)) this.line.send(frame);
  }
}

export class VipAttempt {
  readonly #runs: readonly PathRun[];
  #open: number;
  #part = 0;
  #timer: AnswerTimeout | undefined;

  /** `done`: called once at most, and never after `close`. */
  constructor(
    targets: readonly PathTarget[],
    hop: Hop,
    line: ProbeLine,
    numbers: () => PathNumbers,
    timeoutMs: number,
    readonly done: VipOutcome,
  ) {
    this.#open = targets.length;
    this.#runs = targets.map((target) => new PathRun(target, hop, numbers(), line, (failure) => this.#ended(failure)));
    this.#timer = new AnswerTimeout(timeoutMs / PARTS, () => this.#next());
    for (const run of this.#runs) run.ask(false);
  }

  #next(): void {
    this.#part += 1;
    this.#timer?.restart();
    for (const run of this.#runs) {
      if (this.#part < PARTS) run.ask(this.#part >= LAST_FROM);
      else run.end();
    }
  }

  #ended(failure: string | undefined): void {
    this.#open -= 1;
    if (this.#timer === undefined || (failure === undefined && this.#open > 0)) return;
    this.close();
    this.done(failure);
  }

  /** Closing twice does nothing. */
  close(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    for (const run of this.#runs) run.close();
  }
}
