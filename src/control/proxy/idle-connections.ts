// Connections to servers that wait for a request: by server, the one used last first, bounded by the pool's keepAlive.
import type { Pool, PoolServer } from '../../model/layer7/pool.js';
import type { ServerConnection } from './server-connection.js';
import type { Stream } from './stream.js';

export class IdleConnections {
  readonly #byServer = new Map<PoolServer, ServerConnection[]>();
  readonly #counts = new Map<Pool, number>();
  readonly #byOwner = new Map<Stream, Set<ServerConnection>>();

  /** Connections, and owners of some. */
  get size(): number {
    return [...this.#byServer.values()].reduce((sum, { length }) => sum + length, this.#byOwner.size);
  }

  /**
   * The one that was used last, of those that this client may use, its own before others; it is idle no more. The server may have ended it just
   * now: where the request could not be repeated then (`isRepeatable`), each is asked for that first.
   */
  take(server: PoolServer, client: Stream, isRepeatable: boolean): ServerConnection | undefined {
    for (;;) {
      const connection = this.#last(server, client);
      if (connection === undefined) return undefined;
      this.remove(connection);
      if (isRepeatable || connection.isStill()) return connection;
      connection.close();
    }
  }

  #last(server: PoolServer, client: Stream): ServerConnection | undefined {
    const list = this.#byServer.get(server);
    const own = this.#byOwner.has(client) ? list?.findLast(({ owner }) => owner === client) : undefined;
    return own ?? list?.findLast(({ owner }) => owner === undefined);
  }

  /** Makes a connection idle, or closes it where the pool has enough of them or it is old. */
  put(connection: ServerConnection, pool: Pool, nowUs: number): void {
    const { connections, requests, idleUs, lifeUs } = pool.keepAlive;
    const count = this.#counts.get(pool) ?? 0;
    if (count >= connections || connection.requests >= requests || nowUs - connection.openedUs >= lifeUs) {
      connection.close();
      return;
    }
    connection.user = undefined;
    connection.deadlineUs = nowUs + idleUs;
    connection.resume();
    if (connection.isClosed) return;
    this.#counts.set(pool, count + 1);
    connection.idleIn = pool;
    this.#own(connection);
    const list = this.#byServer.get(connection.server);
    if (list === undefined) this.#byServer.set(connection.server, [connection]);
    else list.push(connection);
  }

  #own(connection: ServerConnection): void {
    const { owner } = connection;
    if (owner === undefined) return;
    const owned = this.#byOwner.get(owner);
    if (owned === undefined) this.#byOwner.set(owner, new Set([connection]));
    else owned.add(connection);
  }

  /** A client has left: its connections are for no other client. */
  ownerLeft(client: Stream): void {
    for (const connection of this.#byOwner.get(client) ?? []) connection.close();
    this.#byOwner.delete(client);
  }

  /** It was taken, or it is closed. Without effect where it is not idle. */
  remove(connection: ServerConnection): void {
    const pool = connection.idleIn;
    if (pool === undefined) return;
    connection.idleIn = undefined;
    this.#counts.set(pool, (this.#counts.get(pool) ?? 1) - 1);
    if (connection.owner !== undefined) this.#byOwner.get(connection.owner)?.delete(connection);
    const list = this.#byServer.get(connection.server) ?? [];
    if (list.at(-1) === connection) list.pop();
    else list.splice(list.indexOf(connection), 1);
  }

  /** Closes all: their pools are gone. */
  clear(): void {
    for (const connection of [...this.#byServer.values()].flat()) connection.close();
    this.#byServer.clear();
    this.#counts.clear();
  }
}
