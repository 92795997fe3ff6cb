// One attempt of a check: opens what carries it, feeds what happens there to its conversation, and answers once.
import { kindOf } from '../../../control/check/kinds/index.js';
import type { Attempt, Outcome } from '../../../control/check/messages.js';
import type { Probe, ProbeInput, ProbeTools } from '../../../control/check/probe.js';
import { refusedOutcome } from '../../../control/check/refused.js';
import { AnswerTimeout } from '../../../sys/answer-timeout.js';
import { isSystemError, reasonOf } from '../../../sys/errno.js';

/** What carries an attempt. Events may come until it is closed. */
export interface Carrier {
  send(bytes: Uint8Array): void;
  close(): void;
}

/** Opens what carries an attempt. @throws SystemError, NotMadeError where it cannot be made */
export type OpenCarrier = (attempt: Attempt, feed: (input: ProbeInput) => void) => Carrier;

/** Why an attempt could not be made: nothing is known of the server. Its message is the line in the log. */
export class NotMadeError extends Error {}

/** However slowly a server answers: after its first sign of life an attempt lasts at most so many times its timeout. */
const TIMEOUTS_MAX = 20;

export class AttemptRun {
  #state: unknown;
  #carrier: Carrier | undefined;
  /** connect_timeout, since the begin or since the conversation restarted it. */
  #timeout: AnswerTimeout | undefined;
  /** The end of the whole attempt, which nothing restarts. */
  #limit: AnswerTimeout | undefined;
  #over = false;
  /** Among those that run. */
  place: number | undefined;

  constructor(
    readonly attempt: Attempt,
    readonly tools: ProbeTools,
    open: OpenCarrier,
    /** Once, perhaps within the constructor. */
    readonly done: (outcome: Outcome, run: AttemptRun) => void,
    readonly probe: Probe = kindOf(attempt.check.kind).probe,
  ) {
    this.#state = this.probe.begin(attempt, tools);
    try {
      this.#carrier = open(attempt, (input) => this.#feed(input));
    } catch (error) {
      this.#finish(this.#refused(error));
      return;
    }
    // A script and a VIP_CHECK end by themselves, and know why.
    if (attempt.check.kind === 'misc' || attempt.check.kind === 'vip') return;
    this.#timeout = this.#timeoutAfter(1);
  }

  get isOver(): boolean {
    return this.#over;
  }

  /** @throws what is a fault of weir */
  #refused(error: unknown): Outcome {
    if (error instanceof NotMadeError) return { kind: 'not-made', text: error.message };
    if (!isSystemError(error)) throw error;
    const { syscall, code, errno } = error;
    return refusedOutcome(this.probe.refused, { syscall, code, errno, reason: reasonOf(error) }, this.attempt.target);
  }

  #timeoutAfter(connectTimeouts: number): AnswerTimeout {
    return new AnswerTimeout((this.attempt.connectTimeoutUs / 1000) * connectTimeouts, () => this.#feed({ kind: 'timeout' }));
  }

  #restartTimeout(): void {
    this.#timeout?.restart();
    this.#limit ??= this.#timeoutAfter(TIMEOUTS_MAX);
  }

  #feed(input: ProbeInput): void {
    if (this.#over) return;
    const { state, send, restartTimeout, outcome } = this.probe.step(this.#state, input, this.attempt, this.tools);
    this.#state = state;
    if (outcome !== undefined) {
      this.#finish(outcome);
      return;
    }
    if (restartTimeout === true) this.#restartTimeout();
    if (send !== undefined) this.#carrier?.send(send);
  }

  #finish(outcome: Outcome): void {
    this.abandon();
    this.done(outcome, this);
  }

  /** Ends it without an answer. Ending it twice does nothing. */
  abandon(): void {
    if (this.#over) return;
    this.#over = true;
    this.#timeout?.cancel();
    this.#limit?.cancel();
    this.#carrier?.close();
  }
}
