// A server of a pool as one process sees it: nginx's peer. What changes with each request changes in place.
import type { PoolServer } from '../../../model/layer7/pool.js';
import type { Attempt } from './attempt.js';
import { ServerLoad } from './server-load.js';

export class Peer {
  /** As it is now: the operator's, or what a slow start and feedback made of it, which need not be whole. 0: only clients that are bound to it. */
  weight: number;
  /** Falls with failures, rises by 1 at most each time the server could have been chosen. */
  effectiveWeight: number;
  currentWeight = 0;
  load = new ServerLoad();
  fails = 0;
  /** When it failed last; when a failure was noticed, or a trial after one was begun. */
  failedUs = Number.NEGATIVE_INFINITY;
  checkedUs = Number.NEGATIVE_INFINITY;
  isHealthy = true;

  constructor(
    readonly server: PoolServer,
    readonly index: number,
  ) {
    this.weight = server.weight;
    this.effectiveWeight = server.weight;
  }

  /** Whether the operator, health checks, failures and max_conns let it take a request. */
  isEligible(nowUs: number): boolean {
    const { server } = this;
    if (server.down || !this.isHealthy) return false;
    if (this.isOut(nowUs)) return false;
    return server.maxConns === 0 || this.load.conns < server.maxConns;
  }

  /** Why a search that has not tried it cannot choose it. */
  whyNot(nowUs: number): string {
    if (this.server.down) return 'down';
    if (!this.isHealthy) return 'unhealthy';
    if (this.weight === 0) return 'drained';
    return this.isOut(nowUs) ? 'failed' : 'full';
  }

  /** Whether this search may choose it: it has a weight, and was not tried. */
  isOpen({ tried }: Attempt, nowUs: number): boolean {
    return this.weight > 0 && !tried.includes(this.index) && this.isEligible(nowUs);
  }

  /** One turn of smooth round robin. @returns the weight that it was raised by */
  raise(): number {
    const raised = this.effectiveWeight;
    this.currentWeight += raised;
    if (raised < this.weight) this.effectiveWeight = Math.min(this.weight, raised + 1);
    return raised;
  }

  /** A request goes to it; behind fail_timeout it is the trial of this period. */
  take(nowUs: number): void {
    this.load.count(nowUs);
    this.load.conns++;
    this.load.requests++;
    if (nowUs - this.checkedUs > this.server.failTimeoutUs) this.checkedUs = nowUs;
  }

  failed(nowUs: number): void {
    const { maxFails } = this.server;
    this.fails++;
    this.load.failures++;
    this.failedUs = nowUs;
    this.checkedUs = nowUs;
    if (maxFails === 0) return;
    const part = this.weight / maxFails;
    this.effectiveWeight = Math.max(0, this.effectiveWeight - (Number.isInteger(this.weight) ? Math.floor(part) : part));
  }

  /** Failures are forgotten when a trial after them went well. */
  succeeded(): void {
    if (this.failedUs < this.checkedUs) this.fails = 0;
  }

  /** Whether its failures keep requests from it now. */
  isOut(nowUs: number): boolean {
    const { maxFails, failTimeoutUs } = this.server;
    return maxFails > 0 && this.fails >= maxFails && nowUs - this.checkedUs <= failTimeoutUs;
  }

  /** Takes over what the same server was before a reload, with the requests that it has. */
  takeOver(before: Peer): void {
    this.fails = before.fails;
    this.failedUs = before.failedUs;
    this.checkedUs = before.checkedUs;
    this.isHealthy = before.isHealthy;
    this.load = before.load;
  }
}
