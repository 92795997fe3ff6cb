// From whom a synchronisation daemon takes messages. The kernel's protocol proves nothing: whoever can send to the group from such an address is taken for it.
import type { Address } from '../../model/address.js';
import { encodeAddress } from '../../wire/address-bytes.js';
import { sameBytes } from '../../wire/hmac.js';

export class KnownSenders {
  readonly #peers: readonly Uint8Array[] | undefined;
  #refused = 0;

  /** undefined: all are. */
  constructor(peers: readonly Address[] | undefined) {
    this.#peers = peers?.map(encodeAddress);
  }

  /** Messages of others. */
  get refused(): number {
    return this.#refused;
  }

  /** Counts who is not. `sender`: the bytes of an address. */
  includes(sender: Uint8Array): boolean {
    if (this.#peers === undefined) return true;
    const isPeer = this.#peers.some((peer) => sameBytes(peer, sender));
    if (!isPeer) this.#refused += 1;
    return isPeer;
  }
}
