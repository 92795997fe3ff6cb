// Feedback as a process of the daemon, with the section feedback of weir.yaml.
import { isDeepStrictEqual } from 'node:util';
import type { ConfiguredFeedback } from '../../model/feedback/configured-feedback.js';
import type { KeepalivedConfiguration } from '../../model/keepalived/configuration.js';
import type { Log } from '../../model/log-level.js';
import type { Part, StartPart } from '../process/part.js';
import { StartedService } from '../process/started-service.js';
import { FeedbackProcess } from './feedback-process.js';

/** weir's commands read what it writes. */
const UMASK = 0o022;

class FeedbackPart implements Part {
  #services: readonly ConfiguredFeedback[];
  #running: StartedService<FeedbackProcess>;

  constructor(
    { weir }: KeepalivedConfiguration,
    readonly log: Log,
  ) {
    this.#services = weir?.feedback ?? [];
    this.#running = this.#start();
  }

  #start(): StartedService<FeedbackProcess> {
    return new StartedService(() => new FeedbackProcess({ services: this.#services, log: this.log }), this.log);
  }

  /** With another section all services begin again; the weights that were written are remembered. */
  async reload({ weir }: KeepalivedConfiguration): Promise<void> {
    const services = weir?.feedback ?? [];
    if (isDeepStrictEqual(services, this.#services)) return;
    await this.stop();
    this.#services = services;
    this.#running = this.#start();
  }

  dump(): void {}

  async stop(): Promise<void> {
    this.#running.cancel();
    await this.#running.running?.stop();
  }
}

export const startFeedback: StartPart = (configuration, _options, log) => {
  process.umask(UMASK);
  return new FeedbackPart(configuration, log);
};
