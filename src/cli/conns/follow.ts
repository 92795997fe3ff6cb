// What comes, goes and changes its state among the connections that are followed, from one look at the tables to the next.
import type { FoundConnection } from '../../datapath/ebpf/observe/connection-filter.js';

export type FollowEvent = 'begun' | 'state' | 'ended';

interface Followed {
  connection: FoundConnection;
  /** The look at which it was met last. */
  look: number;
}

export class Follower {
  readonly #followed = new Map<string, Followed>();
  #look = 0;
  /** More connections passed than there is room for. */
  isFull = false;

  /** `room`: the most connections that are followed together. */
  constructor(readonly room: number) {}

  /** What has changed since the look before; at the first one all are `begun`. */
  *changes(found: Iterable<FoundConnection>): Generator<readonly [FollowEvent, FoundConnection]> {
    this.#look += 1;
    for (const connection of found) {
      const known = this.#followed.get(connection.identity);
      if (known === undefined) {
        if (this.#followed.size >= this.room) {
          this.isFull = true;
          continue;
        }
        this.#followed.set(connection.identity, { connection, look: this.#look });
        yield ['begun', connection];
        continue;
      }
      const changed = known.connection.state !== connection.state;
      known.connection = connection;
      known.look = this.#look;
      if (changed) yield ['state', connection];
    }
    for (const [identity, { connection, look }] of this.#followed) {
      if (look === this.#look) continue;
      this.#followed.delete(identity);
      yield ['ended', connection];
    }
  }
}
