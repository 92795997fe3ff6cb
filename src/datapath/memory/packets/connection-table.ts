// The connection table: a fixed number of slots, where a new connection finds a place near the home of its key, or replaces another one.
import { type Connection, isExpired } from './connection.js';
import { BUCKET_SHARES } from './defence.js';
import { entryShare } from './drop-entry.js';
import { type Endpoint, isSame, keyOfEndpoint, type Tuple } from './endpoint.js';
import { type Candidate, evictionClass, givesWayBefore, reasonOf, settles } from './eviction.js';
import type { CountReason } from './reason.js';
import type { ServiceRecord } from './records.js';
import type { Settings } from './settings.js';
import { type ConnectionState, isActiveState } from './state.js';
import { beginOverload, endOverload } from './thresholds.js';

const BUCKET_SLOTS = 4;
/** How many buckets a connection may be pushed along. */
const PROBE_BUCKETS = 16;

/** The home of a client's connections, modulo the number of buckets. */
export type HomeOf = (client: Endpoint) => number;

/** A client may have closed one connection and begun another from the same port, to another service. */
const CLOSED: ReadonlySet<ConnectionState> = new Set(['TIME_WAIT', 'CLOSE', 'LAST_ACK', 'CLOSED', 'REJECTED']);

const keyOf = (service: ServiceRecord, { client, virtual, protocol }: Tuple): string =>
  `${service.id} ${protocol} ${keyOfEndpoint(client)} ${keyOfEndpoint(virtual)}`;

const keyOfConnection = (connection: Connection): string => keyOf(connection.service, connection);

export interface Place {
  readonly slot: number;
  readonly replaced: Candidate | undefined;
}

export class ConnectionTable {
  readonly #slots: (Connection | undefined)[];
  readonly #byKey = new Map<string, Connection>();
  readonly #mask: number;
  /** Further slots of those that stand in more than one. */
  readonly #copies = new Map<Connection, number[]>();
  #taken = 0;
  /** How many connections of few packets drop_entry has met: it ends every second one. */
  spared = 0;
  /** Whether a probe ended at the first bucket with a connection that settles it, as those of the programs may in a full table. */
  endsEarly: (at: Place) => boolean = () => false;

  /** `buckets`: a power of two, 16 at least. */
  constructor(
    readonly settings: Settings,
    buckets: number,
    readonly homeOf: HomeOf,
    readonly count: CountReason,
  ) {
    this.#slots = new Array<Connection | undefined>(buckets * BUCKET_SLOTS).fill(undefined);
    this.#mask = buckets - 1;
  }

  find(service: ServiceRecord, tuple: Tuple, now: number): Connection | undefined {
    const found = this.#byKey.get(keyOf(service, tuple));
    return found === undefined || isExpired(found, now) ? undefined : found;
  }

  /** The service of a connection, by what its packets show: the first one in the order of the slots. */
  serviceOf({ client, virtual, protocol }: Tuple, now: number): ServiceRecord | undefined {
    for (const slot of this.#within(this.homeOf(client))) {
      const found = this.#slots[slot];
      if (found === undefined || found.protocol !== protocol || isExpired(found, now)) continue;
      if (isSame(found.client, client) && isSame(found.virtual, virtual)) return found.service;
    }
    return undefined;
  }

  /** The first of a client's connections that is masqueraded to a server there, in the order of the slots; closed ones last. */
  masqueradedTo(server: Endpoint, protocol: number, client: Endpoint, now: number): Connection | undefined {
    let closed: Connection | undefined;
    for (const slot of this.#within(this.homeOf(client))) {
      const found = this.#slots[slot];
      if (found === undefined || !isSame(found.client, client) || found.method !== 'masq' || isExpired(found, now)) continue;
      if (!isSame(found.server, server) || found.protocol !== protocol) continue;
      if (!CLOSED.has(found.state)) return found;
      closed ??= found;
    }
    return closed;
  }

  /** Where a connection that is not in the table would go; undefined: the table is full. */
  placeFor(client: Endpoint, udp: boolean, now: number): Place | undefined {
    let best: Candidate | undefined;
    let early: Place | undefined;
    for (const slot of this.#within(this.homeOf(client))) {
      if (slot % BUCKET_SLOTS === 0 && early === undefined && best !== undefined && settles(best))
        early = { slot: best.slot, replaced: best };
      const connection = this.#slots[slot];
      if (connection === undefined || isExpired(connection, now))
        return early !== undefined && this.endsEarly(early) ? early : { slot, replaced: undefined };
      const candidate = { slot, connection, class: evictionClass(this.settings, connection, now) };
      if (givesWayBefore(candidate, best, udp)) best = candidate;
    }
    if (early !== undefined && this.endsEarly(early)) return early;
    return best === undefined ? undefined : { slot: best.slot, replaced: best };
  }

  *#within(home: number): Generator<number> {
    for (let n = 0; n < PROBE_BUCKETS; n++) {
      const bucket = ((home + n) & this.#mask) >>> 0;
      for (let k = 0; k < BUCKET_SLOTS; k++) yield bucket * BUCKET_SLOTS + k;
    }
  }

  insert(connection: Connection, { slot, replaced }: Place): void {
    if (replaced !== undefined) this.count(reasonOf(replaced.class));
    this.#empty(slot);
    this.#slots[slot] = connection;
    this.#taken++;
    this.#byKey.set(keyOfConnection(connection), connection);
    const { destination } = connection;
    if (isActiveState(connection.state)) destination.active++;
    else destination.inactive++;
    beginOverload(destination);
  }

  isFree(slot: number): boolean {
    return this.#slots[slot] === undefined;
  }

  /** Puts in a connection that there is already: what it counts for is counted. One that stands for several clients has more than one slot. */
  restore(slot: number, connection: Connection): void {
    const key = keyOfConnection(connection);
    if (this.#byKey.get(key) === connection) this.#copies.set(connection, [...(this.#copies.get(connection) ?? []), slot]);
    this.#slots[slot] = connection;
    this.#taken++;
    this.#byKey.set(key, connection);
  }

  end(connection: Connection): void {
    this.withdraw(connection);
    this.uncount(connection);
  }

  /** Takes it out of its slots; it counts until it is uncounted. */
  withdraw(connection: Connection): void {
    this.#vacate(this.#slots.indexOf(connection));
    for (const slot of this.#copies.get(connection) ?? []) {
      if (this.#slots[slot] !== connection) continue;
      this.#slots[slot] = undefined;
      this.#taken--;
    }
    this.#copies.delete(connection);
  }

  #empty(slot: number): void {
    const connection = this.#vacate(slot);
    if (connection !== undefined) this.uncount(connection);
  }

  #vacate(slot: number): Connection | undefined {
    const connection = this.#slots[slot];
    if (connection === undefined) return undefined;
    this.#slots[slot] = undefined;
    this.#taken--;
    const key = keyOfConnection(connection);
    if (this.#byKey.get(key) === connection) this.#byKey.delete(key);
    return connection;
  }

  uncount({ destination, state }: Connection): void {
    if (isActiveState(state)) destination.active--;
    else destination.inactive--;
    endOverload(destination);
  }

  /**
   * Removes those that expired, or (expire_nodest_conn) whose destination was removed, as the timer does within a second. `share`: and what
   * drop_entry ends in these buckets.
   */
  sweep(now: number, share?: number): void {
    for (const [slot, connection] of this.entries()) {
      const orphaned = this.settings.expireNodestConn && connection.destination.expires;
      if (orphaned || isExpired(connection, now)) this.#empty(slot);
    }
    if (share === undefined) return;
    const { slots, spared } = this.endedBy(share, now);
    this.spared = spared;
    for (const slot of slots) {
      this.#empty(slot);
      this.count('drop_entry');
    }
  }

  /** The slots of living connections that drop_entry ends in a share of the buckets; and `spared` afterwards. */
  endedBy(share: number, now: number): { readonly slots: readonly number[]; readonly spared: number } {
    let { spared } = this;
    const slots: number[] = [];
    for (const slot of this.#inShare(share)) {
      const connection = this.#slots[slot];
      const ends = connection === undefined ? 'none' : entryShare(this.settings, connection, now);
      if (ends === 'half') spared++;
      if (ends === 'all' || (ends === 'half' && spared % 2 === 0)) slots.push(slot);
    }
    return { slots, spared };
  }

  /** In the order in which the timer comes by: the buckets downwards. */
  *#inShare(share: number): Generator<number> {
    for (let n = 0; n <= this.#mask; n++) {
      const bucket = (this.#mask + 1 - n) & this.#mask;
      if (bucket % BUCKET_SHARES !== share) continue;
      for (let k = 0; k < BUCKET_SLOTS; k++) yield bucket * BUCKET_SLOTS + k;
    }
  }

  get slots(): number {
    return this.#slots.length;
  }

  get used(): number {
    return this.#byKey.size;
  }

  *all(): Generator<Connection> {
    for (const [, connection] of this.entries()) yield connection;
  }

  /** By slot. Most of a director’s tables are empty. */
  *entries(): Generator<readonly [number, Connection]> {
    for (let slot = 0; this.#taken > 0 && slot < this.#slots.length; slot++) {
      const connection = this.#slots[slot];
      if (connection !== undefined) yield [slot, connection];
    }
  }
}
