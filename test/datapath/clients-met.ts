// The clients of frames that were sent, so that a bed empties their sets of next hops alone: all sets are 12 MB, and most tests have two clients.
import { ClientHopSet } from '../../src/datapath/ebpf/abi.gen.js';
import { ClientHop6Set } from '../../src/datapath/ebpf/abi6.gen.js';
import { clientHopAt } from '../../src/datapath/ebpf/load/trial-tables.js';
import type { Tables } from '../../src/datapath/ebpf/table/tables.js';
import type { Address } from '../../src/model/address.js';
import { viewOf } from '../../src/wire/bytes.js';
import { EtherType, ZERO_MAC } from '../../src/wire/ethernet.js';

/** Where the two addresses are in an untagged frame, and how many words each has. */
const PLACES: ReadonlyMap<number, { readonly family: Address['family']; readonly at: readonly number[]; readonly words: number }> = new Map(
  [
    [EtherType.ipv4, { family: 'inet', at: [26, 30], words: 1 }],
    [EtherType.ipv6, { family: 'inet6', at: [22, 38], words: 4 }],
  ],
);
/** With more, all sets are emptied. */
const CLIENTS_MAX = 256;

export class ClientsMet {
  readonly #met = new Map<string, Address>();

  /** Either address may be the client's. */
  note(frame: Uint8Array): void {
    if (this.#met.size > CLIENTS_MAX || frame.length < 14) return;
    const view = viewOf(frame);
    const place = PLACES.get(view.getUint16(12));
    if (place === undefined) return;
    const { family, at, words } = place;
    for (const begin of at) {
      if (begin + 4 * words > frame.length) return;
      const address = { family, words: Array.from({ length: words }, (_, k) => view.getUint32(begin + 4 * k)) };
      this.#met.set(address.words.join(), address);
    }
  }

  /** Empties the sets of those that were noted, which are forgotten. `hops6`: undefined where the IPv6 build is not loaded. */
  empty(tables: Tables, hops: ArrayBuffer, hops6: ArrayBuffer | undefined): void {
    const met = [...this.#met.values()];
    this.#met.clear();
    if (met.length > CLIENTS_MAX) {
      for (const memory of [hops, hops6]) if (memory !== undefined) new Uint8Array(memory).fill(0);
      return;
    }
    for (const address of met) {
      const [memory, bytes] = address.family === 'inet' ? [hops, ClientHopSet.bytes] : [hops6, ClientHop6Set.bytes];
      if (memory !== undefined) new Uint8Array(memory, clientHopAt(tables, memory, { address, mac: ZERO_MAC }), bytes).fill(0);
    }
  }
}
