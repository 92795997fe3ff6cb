// Publishes the health of servers for `weir status`: soon after it changed, and never so often that writing it is most of the work.
import { healthOf } from '../../control/check/health.js';
import type { CheckMachine } from '../../control/check/state.js';
import { type PublishedServer, publishedChecks } from '../../host/published-checks.js';
import type { Log } from '../../model/log-level.js';
import { native } from '../../sys/addon.js';
import { monotonicUs } from '../../sys/clock.js';
import { startTime } from '../../sys/processes/child.js';
import { optionalWork } from '../process/optional-work.js';

const GATHER_MS = 50;
/** The pause after a write lasts so many times as long as the write. */
const PAUSE_PER_WRITE = 20;

export function publishedServers(state: CheckMachine): readonly PublishedServer[] {
  const offsetUs = Date.now() * 1000 - monotonicUs();
  const wall = (sinceUs: number | undefined): number => (sinceUs === undefined ? 0 : Math.round(sinceUs + offsetUs));
  return healthOf(state).map((server) => ({
    ...server,
    reals: server.reals.map((real) => ({
      ...real,
      sinceUs: wall(real.sinceUs),
      failed: real.failed.map((one) => ({ ...one, sinceUs: wall(one.sinceUs) })),
    })),
  }));
}

export class CheckPublisher {
  readonly #cookie = String(native().netnsCookie());
  readonly #started = startTime(process.pid);
  #timer: NodeJS.Timeout | undefined;
  #pauseMs = GATHER_MS;
  readonly #attempt = optionalWork((reason) => this.log('debug', `the health of servers is not published for weir status: ${reason}`));
  #closed = false;

  constructor(
    readonly current: () => CheckMachine,
    readonly log: Log,
  ) {
    this.#attempt(() => publishedChecks.sweep());
  }

  /** To be called after each change. */
  publishSoon(): void {
    if (!this.#closed) this.#timer ??= setTimeout(() => this.#publish(), this.#pauseMs);
  }

  #publish(): void {
    this.#timer = undefined;
    const begunUs = monotonicUs();
    this.#attempt(() => {
      if (this.#started === undefined) return;
      const servers = publishedServers(this.current());
      publishedChecks.publish(this.#cookie, { pid: process.pid, started: this.#started, daemon: process.ppid, servers });
    });
    this.#pauseMs = Math.max(GATHER_MS, ((monotonicUs() - begunUs) / 1000) * PAUSE_PER_WRITE);
  }

  /** What changes after it is not published. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#attempt(() => publishedChecks.unpublish(this.#cookie, process.pid));
  }
}
