// Looks at the host once a second, and pushes what happened into the ring. The table is read again only where its generation is another one.
import { type DrainRecord, isDriven, NO_DRAINS } from '../../model/drain/drain.js';
import { isWeirError } from '../../model/errors/weir-error.js';
import type { Pieces } from '../../model/pieces.js';
import type { ApiSources } from '../sources.js';
import { daemonsLook, differences, drainsLook, type Look, servicesLook } from './differences.js';
import type { EventRing } from './event-ring.js';

export class Watch {
  #last: Look | undefined;

  constructor(
    readonly readers: Pick<ApiSources, 'generation' | 'configured' | 'daemons' | 'drainRecord' | 'driveDrains'>,
    readonly ring: EventRing,
  ) {}

  *#table(): Pieces<Pick<Look, 'generation' | 'services'>> {
    try {
      if (this.#last?.generation !== undefined && this.readers.generation() === this.#last.generation) return this.#last;
      const { generation, services } = this.readers.configured();
      yield;
      return { generation, services: yield* servicesLook(services) };
    } catch (error) {
      // It is not loaded, or of another build: a further look will see.
      if (!isWeirError(error)) throw error;
      return { generation: undefined, services: new Map() };
    }
  }

  #drains(): DrainRecord {
    try {
      return this.readers.drainRecord();
    } catch (error) {
      if (!isWeirError(error)) throw error;
      return NO_DRAINS;
    }
  }

  *look(): Pieces<void> {
    const { generation, services } = yield* this.#table();
    const record = this.#drains();
    // One whose process was killed goes on.
    if (isDriven(record)) this.readers.driveDrains();
    const now = { generation, services, ...daemonsLook(this.readers.daemons()), ...drainsLook(record) };
    yield;
    if (this.#last !== undefined) for (const { event, data } of differences(this.#last, now)) this.ring.push(event, data);
    this.#last = now;
  }
}
