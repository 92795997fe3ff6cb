// The director's side of connections that come from another one: opened when the first come, and again when its tables are others.
import { existsSync } from 'node:fs';
import { isWeirError } from '../../../model/errors/weir-error.js';
import type { Applied, ForeignConnection } from '../../../model/foreign-connection.js';
import type { ForeignTemplate } from '../../../model/foreign-template.js';
import { Conf } from '../abi.gen.js';
import type { EbpfDirector } from '../ebpf-director.js';
import { RECORD_PINS } from '../table/tables.js';
import { type ApplyOptions, ConnectionApplier } from './connection-applier.js';

/** A writer died while connections moved from one table to another: the next opening goes on with that. */
const isMoving = (folder: string): boolean => RECORD_PINS.some((pin) => existsSync(`${folder}/${pin}`));

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
  apply(connections: readonly ForeignConnection[], options?: ApplyOptions): readonly Applied[] {
    return this.#applied(connections, (applier) => applier.apply(connections, options));
  }

  /** As apply(), of templates. */
  applyTemplates(templates: readonly ForeignTemplate[], options?: ApplyOptions): readonly Applied[] {
    return this.#applied(templates, (applier) => applier.applyTemplates(templates, options));
  }

  #applied(all: readonly unknown[], work: (applier: ConnectionApplier) => readonly Applied[]): readonly Applied[] {
    if (all.length === 0) return [];
    try {
      const done = this.#once(work);
      if (done !== undefined) return done;
    } catch (error) {
      if (!isWeirError(error, 'datapath-unloaded')) throw error;
    }
    this.close();
    return this.#once(work) ?? all.map(() => 'busy' as const);
  }

  /** undefined: a move of a table is to be ended first. */
  #once(work: (applier: ConnectionApplier) => readonly Applied[]): readonly Applied[] | undefined {
    this.#opened ??= this.#begin();
    const { director, applier } = this.#opened;
    return director.exclusively(() => (isMoving(director.tables.folder) ? undefined : work(applier)));
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
