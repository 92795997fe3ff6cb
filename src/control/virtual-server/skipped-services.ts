// What virtual servers want of services that another one has: kept until that one gives them up.
import type { WantedService } from '../../model/keepalived/wanted-table.js';

export class SkippedServices {
  /** By the service, then by the virtual server's name; none is empty. */
  readonly #wanted = new Map<string, Map<string, WantedService>>();

  /** How many services are wanted by a virtual server that does not have them. */
  get size(): number {
    return this.#wanted.size;
  }

  get(id: string, name: string): WantedService | undefined {
    return this.#wanted.get(id)?.get(name);
  }

  add(id: string, asked: WantedService): void {
    const others = this.#wanted.get(id) ?? new Map<string, WantedService>();
    this.#wanted.set(id, others.set(asked.server.name, asked));
  }

  delete(id: string, name: string): void {
    const others = this.#wanted.get(id);
    if (others?.delete(name) === true && others.size === 0) this.#wanted.delete(id);
  }

  /** All that this virtual server wants. */
  forget(name: string): void {
    for (const id of [...this.#wanted.keys()]) this.delete(id, name);
  }
}
