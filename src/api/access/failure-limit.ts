// How often a client's address may be refused before it has to wait: a bucket an address, which fills again with time.
import type { Address } from '../../model/address.js';
import { clientNetwork } from './client-network.js';

/** So many in a row; one more after each of these times, ms. So many addresses are remembered. */
const [BURST, REFILL_MS, ADDRESSES_MAX] = [20, 3000, 10_000] as const;

interface Bucket {
  readonly refused: number;
  readonly atMs: number;
}

export class FailureLimit {
  readonly #buckets = new Map<string, Bucket>();

  #refused(id: string, nowMs: number): number {
    const bucket = this.#buckets.get(id);
    return bucket === undefined ? 0 : Math.max(0, bucket.refused - (nowMs - bucket.atMs) / REFILL_MS);
  }

  /** 0: it may go on; else for how many seconds it has to wait. */
  waitS(address: Address, nowMs: number): number {
    const over = this.#refused(clientNetwork(address), nowMs) - (BURST - 1);
    return over <= 0 ? 0 : Math.ceil((over * REFILL_MS) / 1000);
  }

  /** The oldest address makes room. */
  refuse(address: Address, nowMs: number): void {
    const id = clientNetwork(address);
    const refused = Math.min(this.#refused(id, nowMs) + 1, BURST);
    this.#buckets.delete(id);
    this.#buckets.set(id, { refused, atMs: nowMs });
    for (const oldest of this.#buckets.keys()) {
      if (this.#buckets.size <= ADDRESSES_MAX) break;
      this.#buckets.delete(oldest);
    }
  }
}
