// From whom a synchronisation daemon takes messages. The kernel's protocol proves nothing: whoever can send to the group from such an address is taken for it.
import type { Address } from '../../model/address.js';
import { encodeAddress } from '../../wire/address-bytes.js';
import { sameBytes } from '../../wire/hmac.js';

/** `sender`: it is no peer. `stream`: what it has comes by weir's own stream, which knows what is newer. */
export type SenderRefusal = 'sender' | 'stream';

const isAmong = (addresses: readonly Uint8Array[], sender: Uint8Array): boolean => addresses.some((each) => sameBytes(each, sender));

export class KnownSenders {
  readonly #peers: readonly Uint8Array[] | undefined;
  #inSession: readonly Uint8Array[] = [];
  readonly #refused: Partial<Record<SenderRefusal, number>> = {};

  /** undefined: all are. */
  constructor(peers: readonly Address[] | undefined) {
    this.#peers = peers?.map(encodeAddress);
  }

  /** Messages, by reason. */
  get refused(): Readonly<Partial<Record<SenderRefusal, number>>> {
    return this.#refused;
  }

  /** Nodes that have a session of the stream now. True: one that had one has none now. */
  noteSessions(nodes: readonly Address[]): boolean {
    const before = this.#inSession;
    this.#inSession = nodes.map(encodeAddress);
    return before.some((each) => !isAmong(this.#inSession, each));
  }

  /** Counts it. `sender`: the bytes of an address; undefined: its messages are taken. */
  refusalOf(sender: Uint8Array): SenderRefusal | undefined {
    const reason = this.#reasonFor(sender);
    if (reason !== undefined) this.#refused[reason] = (this.#refused[reason] ?? 0) + 1;
    return reason;
  }

  #reasonFor(sender: Uint8Array): SenderRefusal | undefined {
    if (this.#peers !== undefined && !isAmong(this.#peers, sender)) return 'sender';
    return isAmong(this.#inSession, sender) ? 'stream' : undefined;
  }
}
