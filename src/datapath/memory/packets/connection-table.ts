// The connection table: a fixed number of slots, where a new connection finds a place near the home of its key, or replaces another one.
import { type Connection, isExpired } from './connection.js';
import { type Candidate, evictionClass, givesWayBefore, reasonOf } from './eviction.js';
import type { CountReason } from './reason.js';
import type { DestinationRecord, ServiceRecord } from './records.js';
import type { Settings } from './settings.js';
import { type ConnectionState, isActiveState } from './state.js';
import { beginOverload, endOverload } from './thresholds.js';

const BUCKET_SLOTS = 4;
/** How many buckets a connection may be pushed along. */
const PROBE_BUCKETS = 16;

/** The home of a client's connections, modulo the number of buckets. */
export type HomeOf = (client: number, port: number) => number;

/** A client may have closed one connection and begun another from the same port, to another service. */
const CLOSED: ReadonlySet<ConnectionState> = new Set(['TIME_WAIT', 'CLOSE', 'LAST_ACK']);

const keyOf = (client: number, port: number, service: ServiceRecord): string => `${client} ${port} ${service.id}`;

export interface Place {
  readonly slot: number;
  readonly replaced: Candidate | undefined;
}

export class ConnectionTable {
  readonly #slots: (Connection | undefined)[];
  readonly #byKey = new Map<string, Connection>();
  readonly #mask: number;

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

  find(client: number, port: number, service: ServiceRecord, now: number): Connection | undefined {
    const found = this.#byKey.get(keyOf(client, port, service));
    return found === undefined || isExpired(found, now) ? undefined : found;
  }

  /** The first of a client's connections that is masqueraded to one of these destinations, in the order of the slots; closed ones last. */
  masqueradedTo(destinations: readonly DestinationRecord[], client: number, port: number, now: number): Connection | undefined {
    let closed: Connection | undefined;
    for (const slot of this.#within(this.homeOf(client, port))) {
      const found = this.#slots[slot];
      if (found?.client !== client || found.port !== port || found.method !== 'masq' || isExpired(found, now)) continue;
      if (!destinations.includes(found.destination)) continue;
      if (!CLOSED.has(found.state)) return found;
      closed ??= found;
    }
    return closed;
  }

  /** Where a connection that is not in the table would go; undefined: the table is full. */
  placeFor(client: number, port: number, udp: boolean, now: number): Place | undefined {
    let best: Candidate | undefined;
    for (const slot of this.#within(this.homeOf(client, port))) {
      const connection = this.#slots[slot];
      if (connection === undefined || isExpired(connection, now)) return { slot, replaced: undefined };
      const candidate = { slot, connection, class: evictionClass(this.settings, connection, now) };
      if (givesWayBefore(candidate, best, udp)) best = candidate;
    }
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
    this.#byKey.set(keyOf(connection.client, connection.port, connection.service), connection);
    const { destination } = connection;
    if (isActiveState(connection.state)) destination.active++;
    else destination.inactive++;
    beginOverload(destination);
  }

  end(connection: Connection): void {
    this.#empty(this.#slots.indexOf(connection));
  }

  #empty(slot: number): void {
    const connection = this.#slots[slot];
    if (connection === undefined) return;
    this.#slots[slot] = undefined;
    const key = keyOf(connection.client, connection.port, connection.service);
    if (this.#byKey.get(key) === connection) this.#byKey.delete(key);
    const { destination } = connection;
    if (isActiveState(connection.state)) destination.active--;
    else destination.inactive--;
    endOverload(destination);
  }

  /** Removes those that expired, or (expire_nodest_conn) whose destination was removed, as the timer does within a second; how many. */
  sweep(now: number): number {
    let swept = 0;
    this.#slots.forEach((connection, slot) => {
      if (connection === undefined) return;
      const orphaned = this.settings.expireNodestConn && !connection.destination.available;
      if (!orphaned && !isExpired(connection, now)) return;
      this.#empty(slot);
      swept++;
    });
    return swept;
  }

  /** By slot. */
  *entries(): Generator<readonly [number, Connection]> {
    for (const [slot, connection] of this.#slots.entries()) if (connection !== undefined) yield [slot, connection];
  }
}
