// Clients that may wait between two requests. Whether one does is asked only where room is needed, so that neither a request nor an accepted
// connection looks at all of them.

export interface IdleClient {
  /** It waits for a request and has nothing of it. */
  readonly isIdle: boolean;
  close(): void;
}

export class IdleClients {
  /** The one that was added first is the first. */
  readonly #clients = new Set<IdleClient>();

  get size(): number {
    return this.#clients.size;
  }

  /** Whenever it may have become idle. */
  add(client: IdleClient): void {
    this.#clients.delete(client);
    this.#clients.add(client);
  }

  remove(client: IdleClient): void {
    this.#clients.delete(client);
  }

  /** The one that waits longest; undefined: none does. Those that do not are left out until they are added again. */
  take(): IdleClient | undefined {
    for (const client of this.#clients) {
      this.#clients.delete(client);
      if (client.isIdle) return client;
    }
    return undefined;
  }
}
