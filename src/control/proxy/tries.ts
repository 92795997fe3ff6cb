// When another server may be asked: RFC 9110 §9.2.2 lets a proxy repeat only idempotent methods by itself, and nothing of which the client has
// had a byte. What was never sent may be sent whatever its method is.
import type { PoolServer } from '../../model/layer7/pool.js';
import type { RetryCondition } from '../../model/layer7/proxying.js';
import type { ResponseHead } from '../../wire/http/response-head.js';
import { EXHAUSTED, NO_PORT } from './edge.js';
import type { Outcome, ToPool } from './routing.js';

/** What went wrong with a server. */
export interface Failure {
  readonly condition: RetryCondition;
  /** The server may have received something of the request. */
  readonly wasSent: boolean;
  /** On a connection that earlier requests had used, before the first byte of an answer: most likely it was about to close. */
  readonly wasStale: boolean;
}

/** RFC 9110 §9.2.2. */
const IDEMPOTENT = /^(?:GET|HEAD|OPTIONS|PUT|DELETE|TRACE)$/;

/** The servers of one request: which one is asked, and whether another may be. */
export class Tries {
  /** The one that was asked last; where `next` found none, still that. */
  server: PoolServer | undefined;
  count = 0;
  /** The last server was reported to the pool. */
  #isReported = true;
  #isAnswered = false;

  constructor(
    readonly routed: ToPool,
    readonly startUs: number,
  ) {}

  /** Whether there is a server to ask. The one before must have been reported. */
  next(nowUs: number): boolean {
    const server = this.routed.choice.next(nowUs);
    if (server === undefined) return false;
    this.server = server;
    this.#isReported = false;
    return true;
  }

  /** Why `next` found none. */
  whyNone(nowUs: number): string {
    const reasons = this.routed.choice.whyNone(nowUs);
    return `no server of the pool is eligible${reasons === '' ? '' : `: ${reasons}`}`;
  }

  /** What failed, and where another server was looked for, why there is none. */
  causeOf(cause: string, wasLookedFor: boolean, nowUs: number): string {
    return wasLookedFor ? `${cause}; ${this.whyNone(nowUs)}` : cause;
  }

  /** The client gets this answer. */
  answered(head: ResponseHead, nowUs: number): void {
    this.#isAnswered = true;
    this.routed.choice.answered(head, nowUs);
  }

  /** The last server failed; once for each. */
  failed(nowUs: number): void {
    this.#report('failed', nowUs);
  }

  /** No connection to it began. Where this host lacks what that needs, it is no fault of the server's. */
  unconnected(error: number, nowUs: number): void {
    this.#report(EXHAUSTED.includes(error) || error === NO_PORT ? 'abandoned' : 'failed', nowUs);
  }

  /** Its answer has a status for which the next server is asked. 403 and 404 are no failures of a server, as nginx has it. */
  passedOver(condition: RetryCondition, nowUs: number): void {
    this.#report(condition === 'http_403' || condition === 'http_404' ? 'answered' : 'failed', nowUs);
  }

  /** The request is over. */
  end(nowUs: number): void {
    this.#report(this.#isAnswered ? 'answered' : 'abandoned', nowUs);
  }

  #report(outcome: Outcome, nowUs: number): void {
    if (this.#isReported) return;
    this.#isReported = true;
    this.routed.choice.ended(outcome, nowUs);
  }

  /** What a server may have received can be sent again. */
  mayRepeat(method: string): boolean {
    return IDEMPOTENT.test(method) || this.routed.proxying.retry.on.includes('non_idempotent');
  }

  /** `isRepeatable`: all of the body is at hand, or none was sent on. */
  mayRetry(failure: Failure, method: string, isRepeatable: boolean, nowUs: number): boolean {
    const { on, tries, timeoutUs } = this.routed.proxying.retry;
    if (!isRepeatable) return false;
    if (failure.wasSent && !this.mayRepeat(method)) return false;
    if (failure.wasStale) return true;
    if (!on.includes(failure.condition)) return false;
    if (tries > 0 && this.count >= tries) return false;
    return timeoutUs === 0 || nowUs - this.startUs < timeoutUs;
  }
}

const BY_STATUS: ReadonlyMap<number, RetryCondition> = new Map([
  [500, 'http_500'],
  [502, 'http_502'],
  [503, 'http_503'],
  [504, 'http_504'],
  [403, 'http_403'],
  [404, 'http_404'],
  [429, 'http_429'],
]);

/** The condition that an answer's status is. */
export const conditionOf = (status: number): RetryCondition | undefined => BY_STATUS.get(status);
