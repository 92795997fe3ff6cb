// Whether the loaded datapath is still the same, and its services and servers, too. It takes no lock.
import { isSystemError } from '../../../sys/errno.js';
import { Abi, Conf } from '../abi.gen.js';
import { hashKeysOf } from '../table/endpoint-table.js';
import { Tables } from '../table/tables.js';

/** `load`: each loading has another. `generation`: each change of services and servers has another. */
export interface TableMoment {
  readonly load: string;
  readonly generation: number;
}

export class TableWatch {
  #tables: Tables | undefined;

  /** `folder`: of the pins; undefined: nothing is loaded. */
  constructor(readonly folder: () => string | undefined) {}

  /** undefined: nothing is loaded. */
  now(): TableMoment | undefined {
    if (this.#tables?.conf.get(0, Conf.magic) !== Abi.WEIR_MAGIC) this.#tables = this.#open();
    if (this.#tables === undefined) return undefined;
    return { load: hashKeysOf(this.#tables).join(), generation: this.#tables.conf.get(0, Conf.generation) };
  }

  /** It may be unloaded at this moment. */
  #open(): Tables | undefined {
    const folder = this.folder();
    try {
      return folder === undefined ? undefined : Tables.readable(folder);
    } catch (error) {
      if (!isSystemError(error)) throw error;
      return undefined;
    }
  }
}
