// Looks at the host once a second, and pushes what happened into the ring. The table is read again only where its generation is another one.
import { isWeirError } from '../../model/errors/weir-error.js';
import type { ApiReaders } from '../sources.js';
import { daemonsLook, differences, type Look, servicesLook } from './differences.js';
import type { EventRing } from './event-ring.js';

export class Watch {
  #last: Look | undefined;

  constructor(
    readonly readers: Pick<ApiReaders, 'generation' | 'table' | 'daemons'>,
    readonly ring: EventRing,
  ) {}

  #table(): Pick<Look, 'generation' | 'services'> {
    try {
      if (this.#last?.generation !== undefined && this.readers.generation() === this.#last.generation) return this.#last;
      const { generation, services } = this.readers.table();
      return { generation, services: servicesLook(services) };
    } catch (error) {
      // It is not loaded, or of another build: a further look will see.
      if (!isWeirError(error)) throw error;
      return { generation: undefined, services: new Map() };
    }
  }

  look(): void {
    const { generation, services } = this.#table();
    const now = { generation, services, ...daemonsLook(this.readers.daemons()) };
    if (this.#last !== undefined) for (const { event, data } of differences(this.#last, now)) this.ring.push(event, data);
    this.#last = now;
  }
}
