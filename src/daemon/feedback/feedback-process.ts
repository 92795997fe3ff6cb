// weir feedback while it runs: the services of this network namespace whose weights it moves.
import { setTimeout as sleep } from 'node:timers/promises';
import { openDirector } from '../../datapath/ebpf/open.js';
import { publishedFeedback } from '../../host/published-feedback.js';
import { WeirError } from '../../model/errors/weir-error.js';
import type { ConfiguredFeedback } from '../../model/feedback/configured-feedback.js';
import { targetWord } from '../../model/feedback/feedback-target.js';
import type { Log } from '../../model/log-level.js';

import { native } from '../../sys/addon.js';
import { startTime } from '../../sys/processes/child.js';
import { optionalWork } from '../process/optional-work.js';
import { PoolTable } from './pool-table.js';
import { ServiceFeedback } from './service-feedback.js';
import { ServiceTable } from './service-table.js';

export interface FeedbackOptions {
  readonly services: readonly ConfiguredFeedback[];
  readonly log: Log;
}

const LOOK_MS = 1000;
/** So long a change waits for another process's. */
const LOCK_WAIT_MS = 100;
const STOP_MS = 3000;

export class FeedbackProcess {
  readonly #services: readonly ServiceFeedback[];
  readonly #cookie = String(native().netnsCookie());
  readonly #started = startTime(process.pid);
  readonly #attempt;
  readonly #timer: NodeJS.Timeout;

  /** @throws WeirError feedback-runs */
  constructor({ services, log }: FeedbackOptions) {
    this.#attempt = optionalWork((reason) => log('debug', `the state is not published for weir feedback status: ${reason}`));
    this.#attempt(() => publishedFeedback.sweep());
    const running = publishedFeedback
      .living(this.#cookie)
      .flatMap(({ pid, services: theirs }) => theirs.map(({ service }) => ({ pid, service })));
    for (const word of services.map(({ key }) => targetWord(key))) {
      const found = running.find(({ service }) => service === word);
      if (found !== undefined) throw new WeirError('feedback-runs', found);
    }
    const open = () => openDirector({ load: false, waitMs: LOCK_WAIT_MS });
    this.#services = services.map((service) => {
      const { key, source } = service;
      const table = key.kind === 'pool' ? new PoolTable(key.pool, source) : new ServiceTable(key, open, source);
      return new ServiceFeedback({ ...service, table, log });
    });
    this.#look();
    this.#timer = setInterval(() => this.#look(), LOOK_MS);
  }

  #look(): void {
    for (const service of this.#services) service.look();
    this.#publish();
  }

  #publish(): void {
    const [cookie, started] = [this.#cookie, this.#started];
    if (started === undefined) return;
    const head = { pid: process.pid, started, daemon: process.pid };
    this.#attempt(() => publishedFeedback.publish(cookie, { ...head, services: this.#services.map((service) => service.status()) }));
  }

  /** Writes the configured weights back; a lock that another process holds is waited for, STOP_MS at most. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    const end = performance.now() + STOP_MS;
    let left = this.#services;
    while (performance.now() < end) {
      left = left.filter((service) => performance.now() >= end || !service.stop());
      if (left.length === 0) break;
      await sleep(LOCK_WAIT_MS);
    }
    for (const service of this.#services) service.close();
    this.#attempt(() => publishedFeedback.unpublish(this.#cookie, process.pid));
  }
}
