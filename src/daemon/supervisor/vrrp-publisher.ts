// Publishes the states of VRRP's instances for `weir status` and `weir metrics`. The supervisor does it, since a write to a disk would keep the VRRP process
// from its adverts.
import { publishedVrrp } from '../../host/published-vrrp.js';
import type { Log } from '../../model/log-level.js';
import type { VrrpStates } from '../process/messages.js';
import { optionalWork } from '../process/optional-work.js';

export class VrrpPublisher {
  /** The file that is there. */
  #published: { readonly cookie: string; readonly pid: number } | undefined;
  readonly #attempt = optionalWork((reason) => this.log('debug', `the states of VRRP are not published for weir status: ${reason}`));

  constructor(readonly log: Log) {}

  publish({ cookie, pid, started, ...states }: VrrpStates): void {
    this.#attempt(() => {
      if (this.#published?.pid !== pid) {
        this.close();
        publishedVrrp.sweep();
      }
      publishedVrrp.publish(cookie, { pid, started, daemon: process.pid, ...states });
      this.#published = { cookie, pid };
    });
  }

  close(): void {
    const published = this.#published;
    this.#published = undefined;
    if (published !== undefined) this.#attempt(() => publishedVrrp.unpublish(published.cookie, published.pid));
  }
}
