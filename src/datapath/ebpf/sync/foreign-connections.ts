// The director's side of connections that come from another one: opened when the first come, and again when its tables are others.
import { existsSync } from 'node:fs';
import { isWeirError } from '../../../model/errors/weir-error.js';
import type { Applied, ForeignConnection } from '../../../model/foreign-connection.js';
import { Conf } from '../abi.gen.js';
import type { EbpfDirector } from '../ebpf-director.js';
import { RECORD_PINS } from '../table/tables.js';
import { ConnectionApplier } from './connection-applier.js';

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
  apply(connections: readonly ForeignConnection[]): readonly Applied[] {
    try {
      return this.#applyOnce(connections) ?? this.#applyAgain(connections);
    } catch (error) {
      if (!isWeirError(error, 'datapath-unloaded')) throw error;
      return this.#applyAgain(connections);
    }
  }

  #applyAgain(connections: readonly ForeignConnection[]): readonly Applied[] {
    this.close();
    return this.#applyOnce(connections) ?? connections.map(() => 'busy' as const);
  }

  /** undefined: a move of a table is to be ended first. */
  #applyOnce(connections: readonly ForeignConnection[]): readonly Applied[] | undefined {
    this.#opened ??= this.#begin();
    const { director, applier } = this.#opened;
    return director.exclusively(() => (isMoving(director.tables.folder) ? undefined : applier.apply(connections)));
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
