// What one process has asked of a server and got, since the process began: it stays with the server over reloads.

import type { ServerCounts } from '../../../model/layer7/pool-status.js';

export class ServerLoad {
  /** Requests that it has now, with WebSockets. */
  conns = 0;
  /** Tries of requests so far, and what came of them: answers, those of 5xx among them, and failures. */
  requests = 0;
  answers = 0;
  serverErrors = 0;
  failures = 0;
  /** From the choice of the server to the head of its answer, added up, us. */
  headUs = 0;
  /** Loads that answers reported (endpoint-load-metrics) while they were asked for: how many, and added up; and what is wrong with the last one. */
  reports = 0;
  reported = 0;
  reportFault = '';
  /** Requests times the time that each was there, us: up to `countedUs`. */
  busyUs = 0;
  #countedUs = 0;

  /** Counts the time with as many requests as there were until now. */
  count(nowUs: number): void {
    if (this.#countedUs !== 0) this.busyUs += this.conns * (nowUs - this.#countedUs);
    this.#countedUs = nowUs;
  }

  counts(nowUs: number, out: number): ServerCounts {
    this.count(nowUs);
    const { conns, requests, answers, serverErrors, failures, headUs, busyUs, reports, reported, reportFault } = this;
    return { conns, requests, answers, serverErrors, failures, headUs, busyUs, reports, reported, reportFault, out };
  }
}
