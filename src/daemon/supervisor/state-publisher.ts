// Publishes what a process reports of its state for `weir status`, `weir metrics` and the API. The supervisor does it, since a write to a disk would
// keep the process from its adverts.
import type { Log } from '../../model/log-level.js';
import type { ReportingProcess } from '../process/messages.js';
import { optionalWork } from '../process/optional-work.js';

/** Where it is published: a Publication. */
interface Place<Document> {
  publish(cookie: string, document: Document): void;
  unpublish(cookie: string, pid: number): void;
  sweep(): void;
}

export class StatePublisher<States extends ReportingProcess> {
  /** The file that is there. */
  #published: ReportingProcess | undefined;
  readonly #attempt = optionalWork((reason) =>
    this.log('debug', `the states of ${this.what} are not published for weir status: ${reason}`),
  );

  constructor(
    readonly what: string,
    readonly place: Place<Omit<States, 'cookie'> & { readonly daemon: number }>,
    readonly log: Log,
  ) {}

  publish(states: States): void {
    this.#attempt(() => {
      if (this.#published?.pid !== states.pid) {
        this.close();
        this.place.sweep();
      }
      const { cookie, ...document } = states;
      this.place.publish(cookie, { ...document, daemon: process.pid });
      this.#published = states;
    });
  }

  close(): void {
    const published = this.#published;
    this.#published = undefined;
    if (published !== undefined) this.#attempt(() => this.place.unpublish(published.cookie, published.pid));
  }
}
