// Follows the file of released instances: a drain of this director, or an operator, leaves addresses to peers. The file outlives this process.
import type { PublishedVrrp } from '../../host/published-vrrp.js';
import { releasedNow } from '../../host/released-file.js';
import type { Log } from '../../model/log-level.js';
import { NOTHING_RELEASED, type Released } from '../../model/released.js';
import { LOOK_MS, readOrLog } from '../read-or-log.js';
import { directorCookie } from '../sync/director-namespace.js';

export interface ReleasedOptions {
  /** Of net_namespace_ipvs; absent: the process's own. */
  readonly namespace: string | undefined;
  readonly log: Log;
}

export class ReleasedInstances {
  #timer: NodeJS.Timeout | undefined;
  #now = NOTHING_RELEASED;
  /** Empty: not known. */
  #director = '';
  readonly #guarded;

  constructor(readonly options: ReleasedOptions) {
    this.#guarded = readOrLog('which instances are released is not known', options.log);
    this.#now = this.#read();
  }

  get now(): Released {
    return this.#now;
  }

  /** Where the director is, as it is published: absent where that is this process's own network namespace. */
  get director(): Pick<PublishedVrrp, 'director'> {
    return this.options.namespace === undefined ? {} : { director: this.#director };
  }

  follow(changed: (released: Released) => void): void {
    this.#timer = setInterval(() => {
      const now = this.#read();
      if (JSON.stringify(now) === JSON.stringify(this.#now)) return;
      this.#now = now;
      changed(now);
    }, LOOK_MS).unref();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  /** What cannot be read stays as it was. */
  #read(): Released {
    return this.#guarded(() => {
      const cookie = directorCookie(this.options.namespace);
      this.#director = String(cookie);
      return releasedNow(cookie);
    }, this.#now);
  }
}
