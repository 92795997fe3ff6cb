// Connections of another director for which this one has no service, or not that server: they are kept, and offered again when its table has changed.
import type { ForeignConnection } from '../../model/foreign-connection.js';
import { destinationId } from '../../model/identity.js';

/** So many are kept; a flood of forged ones takes no more memory. */
const UNBOUND_MAX = 65_536;

interface Kept {
  readonly connection: ForeignConnection;
  /** Microseconds of the monotonic clock. */
  readonly untilUs: number;
}

const idOf = ({ protocol, client, virtual, mark }: ForeignConnection): string =>
  `${protocol} ${destinationId(client)} ${destinationId(virtual)} ${mark}`;

export class Unbound {
  readonly #kept = new Map<string, Kept>();

  get size(): number {
    return this.#kept.size;
  }

  /** False: there is no room for it. */
  keep(connection: ForeignConnection, nowUs: number): boolean {
    const id = idOf(connection);
    if (!this.#kept.has(id) && this.#kept.size >= UNBOUND_MAX) this.#forgetExpired(nowUs);
    if (!this.#kept.has(id) && this.#kept.size >= UNBOUND_MAX) return false;
    this.#kept.set(id, { connection, untilUs: nowUs + connection.seconds * 1_000_000 });
    return true;
  }

  /** Those that are alive, each with the seconds that it has left; it keeps none of them. */
  take(nowUs: number): readonly ForeignConnection[] {
    const alive = [...this.#kept.values()].filter(({ untilUs }) => untilUs > nowUs);
    this.#kept.clear();
    return alive.map(({ connection, untilUs }) => ({ ...connection, seconds: Math.ceil((untilUs - nowUs) / 1_000_000) }));
  }

  #forgetExpired(nowUs: number): void {
    for (const [id, { untilUs }] of this.#kept) if (untilUs <= nowUs) this.#kept.delete(id);
  }
}
