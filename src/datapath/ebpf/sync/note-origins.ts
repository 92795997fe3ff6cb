// Notes which connections and templates in the tables came from another director (table/origins.ts).
import { rmSync } from 'node:fs';
import { WeirError } from '../../../model/errors/weir-error.js';
import { BpfMap } from '../../../sys/bpf/bpf-objects.js';
import { using } from '../../../sys/fd.js';
import { Abi } from '../abi.gen.js';
import { requiredPin } from '../pins/required-pin.js';
import { ORIGINS_RECORD_BYTES, ORIGINS_RECORD_SLOTS, type OriginKey, Origins, originsPin, readOrigins } from '../table/origins.js';
import { CONNECTION_PINS, type Tables } from '../table/tables.js';
import { pinnedNumber } from './open-pages.js';

interface Made extends OriginKey {
  readonly pin: string;
  readonly slot: number;
}

interface OfTable {
  /** The number of the table that it stands beside. */
  readonly table: number | undefined;
  /** undefined: the kernel had no memory for the array, and so the origin is not known. */
  readonly origins: Origins | undefined;
}

export class OriginNotes {
  /** By the pin of the table. To map one costs a page table as large as it. */
  readonly #open = new Map<string, OfTable>();
  /** Pins that were looked at in this run. */
  readonly #looked = new Set<string>();
  /** The pin that was asked for last: the next connection is nearly always of the same table. */
  #last: { readonly pin: string; readonly origins: Origins | undefined } | undefined;

  constructor(readonly tables: Tables) {}

  /** Begins a run: until the next one no table becomes another. */
  begin(): void {
    this.#looked.clear();
    this.#last = undefined;
  }

  made(place: Made): void {
    const { pin, slot } = place;
    if (this.#last?.pin !== pin) this.#last = { pin, origins: this.#originsOf(pin) };
    this.#last.origins?.note(slot, place);
  }

  #originsOf(pin: string): Origins | undefined {
    if (!this.#looked.has(pin)) this.#look(pin);
    return this.#open.get(pin)?.origins;
  }

  /** The table may have got another size, or have been loaded again. */
  #look(pin: string): void {
    const table = pinnedNumber(this.tables, pin);
    const known = this.#open.get(pin);
    this.#looked.add(pin);
    if (known?.origins === undefined || known.table !== table) this.#open.set(pin, { table, origins: this.#of(pin) });
  }

  #of(pin: string): Origins | undefined {
    const { folder } = this.tables;
    const { maxEntries } = using(requiredPin(`${folder}/${pin}`, BpfMap.pinned), (map) => map.info());
    const slots = CONNECTION_PINS.includes(pin) ? maxEntries * Abi.BUCKET_SLOTS : maxEntries;
    const known = readOrigins(this.tables, pin);
    if (known?.hasSlots(slots) === true) return using(BpfMap.pinned(`${folder}/${originsPin(pin)}`), (map) => new Origins(map, true));
    if (known !== undefined) rmSync(`${folder}/${originsPin(pin)}`);
    try {
      return using(BpfMap.createArray('origins', ORIGINS_RECORD_BYTES, slots / ORIGINS_RECORD_SLOTS), (map) => {
        map.pin(`${folder}/${originsPin(pin)}`);
        return new Origins(map, true);
      });
    } catch (error) {
      if (error instanceof WeirError && error.code === 'bpf-table-refused') return undefined;
      throw error;
    }
  }
}
