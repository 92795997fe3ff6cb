// Whether the loaded datapath is still the same, and its services and servers, too. It takes no lock.
import { unlessCode } from '../../../sys/errno.js';
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

  /** It may be unloaded at this moment: then its record of settings is not there any more, or has another magic number. */
  #open(): Tables | undefined {
    const folder = this.folder();
    if (folder === undefined) return undefined;
    const tables = Tables.readable(folder);
    return unlessCode(() => tables.conf.get(0, Conf.magic), ['ENOENT'], 0) === Abi.WEIR_MAGIC ? tables : undefined;
  }
}
