// The director's side of connections that come from another one: opened when the first come, and again when its tables are others.
import { isWeirError } from '../../../model/errors/weir-error.js';
import type { Applied, ForeignConnection } from '../../../model/foreign-connection.js';
import type { ForeignTemplate } from '../../../model/foreign-template.js';
import { Conf } from '../abi.gen.js';
import type { EbpfDirector } from '../ebpf-director.js';
import { isTableMoving } from '../table/is-table-moving.js';
import { ConnectionApplier } from './connection-applier.js';

interface Opened {
  readonly director: EbpfDirector;
  readonly applier: ConnectionApplier;
}

export class ForeignConnections {
  #opened: Opened | undefined;

  /** `open`: as openDirector(). */
  constructor(readonly open: () => EbpfDirector) {}

  /**
   * What became of each.
   * @throws WeirError as openDirector; lock-busy; kernel-refuses-datapath
   */
  apply(connections: readonly ForeignConnection[]): readonly Applied[] {
    return connections.length === 0 ? [] : (this.#applied((applier) => applier.apply(connections)) ?? connections.map(() => 'busy'));
  }

  /** As apply(), of templates. */
  applyTemplates(templates: readonly ForeignTemplate[]): readonly Applied[] {
    return templates.length === 0 ? [] : (this.#applied((applier) => applier.applyTemplates(templates)) ?? templates.map(() => 'busy'));
  }

  /** As ConnectionApplier.applyItems; undefined: a table moves, and they are to be applied again. */
  applyItems(...items: Parameters<ConnectionApplier['applyItems']>): Uint8Array | undefined {
    return this.#applied((applier) => applier.applyItems(...items));
  }

  /** undefined: the move of a table that another process has begun is not over. */
  #applied<T>(work: (applier: ConnectionApplier) => T): T | undefined {
    try {
      const done = this.#once(work);
      if (done !== undefined) return done;
    } catch (error) {
      if (!isWeirError(error, 'datapath-unloaded')) throw error;
    }
    this.close();
    return this.#once(work);
  }

  /** undefined: a table moves. If the command that moves it was killed, the next opening completes that. */
  #once<T>(work: (applier: ConnectionApplier) => T): T | undefined {
    this.#opened ??= this.#begin();
    const { director, applier } = this.#opened;
    return director.exclusively(() => (isTableMoving(director.tables.folder) ? undefined : work(applier)));
  }

  #begin(): Opened {
    const director = this.open();
    return { director, applier: new ConnectionApplier(director.tables) };
  }

  /** Another number: services or servers changed since. undefined: nothing was applied yet. */
  get generation(): number | undefined {
    return this.#opened?.director.tables.conf.get(0, Conf.generation);
  }

  close(): void {
    this.#opened?.applier.close();
    this.#opened?.director.close();
    this.#opened = undefined;
  }
}
