// Destinations that leave their lists. As in the kernel, with the connections of one that is removed while expire_nodest_conn is set, those of all that were
// removed before end, too.
import { Conf, Dest, WeirState } from '../abi.gen.js';
import { flagsOfRetired } from './destination-flags.js';
import type { Tables } from './tables.js';

export class RemovedDestinations {
  /** All that were removed before this process's change began are marked. */
  #areMarked = false;

  constructor(readonly tables: Tables) {}

  add(id: number): void {
    const expires = this.tables.conf.get(0, Conf.expireNodestConn) !== 0;
    if (expires && !this.#areMarked) this.#markAll();
    this.#areMarked = expires;
    this.#mark(id, expires);
  }

  /** What other processes remove from now on is not noticed here. */
  committed(): void {
    this.#areMarked = false;
  }

  #markAll(): void {
    const { dests, conf } = this.tables;
    for (let id = 1; id <= conf.get(0, Conf.destTop); id++) if (dests.get(id, Dest.state) === WeirState.DEAD) this.#mark(id, true);
  }

  #mark(id: number, expires: boolean): void {
    const { dests } = this.tables;
    dests.set(id, Dest.flags, flagsOfRetired(dests.get(id, Dest.flags), expires));
  }
}
