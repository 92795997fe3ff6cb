// Programs that user space runs on pages of records, each for one table: loaded when the first record comes that is for it, and as long as its table is the one
// that is pinned.
import { existsSync } from 'node:fs';
import { type ArtifactName, artifact } from '../../../sys/artifact.js';
import { BpfMap, ObjectFile, type Program } from '../../../sys/bpf/bpf-objects.js';
import { Records } from '../../../sys/bpf/records.js';
import { using } from '../../../sys/fd.js';
import { requiredPin } from '../pins/required-pin.js';
import type { Tables } from '../table/tables.js';

/** What an object has: its program, and the map that is its page, with one record more for the head. */
export interface PageProgram {
  readonly file: ArtifactName;
  readonly program: string;
  readonly page: string;
  /** Bytes of the page, and of a record. */
  readonly bytes: number;
  readonly recordBytes: number;
}

/** A program that is loaded, and the page that it works through. */
export class LoadedPage {
  constructor(
    /** The number of its table's map. */
    readonly table: number,
    readonly program: Program,
    /** Record 0 is the head of the page. */
    readonly page: Records,
    readonly object: ObjectFile,
  ) {}

  close(): void {
    this.program.close();
    this.object.close();
  }
}

/** The number of the map with this pin; undefined: it is not there. @throws SystemError */
export function pinnedNumber({ folder }: Tables, pin: string): number | undefined {
  const path = `${folder}/${pin}`;
  return existsSync(path) ? using(requiredPin(path, BpfMap.pinned), (map) => map.info().id) : undefined;
}

/** `load`: loads the object onto the pinned maps. The caller holds the lock. @throws WeirError kernel-refuses-datapath, pin-missing */
export function loadPage(of: PageProgram, table: number, load: (object: ObjectFile) => void): LoadedPage {
  const object = new ObjectFile(artifact(of.file));
  try {
    load(object);
    const page = using(object.map(of.page), (map) => new Records(map.mmap(of.bytes, true), of.recordBytes));
    return new LoadedPage(table, object.program(of.program), page, object);
  } catch (error) {
    object.close();
    throw error;
  }
}

/** What is kept of a page. `count`: its records. */
interface PageOfTable {
  readonly loaded: LoadedPage;
  count: number;
}

/** The pages of some kinds of tables. */
export class OpenPages<Kind, Page extends PageOfTable> {
  readonly #pages = new Map<Kind, Page>();
  /** Kinds that were looked for in this run; undefined: the table is not there. */
  readonly #looked = new Map<Kind, Page | undefined>();
  /** The kind that was asked for last: the next record is nearly always of the same. */
  #last: { readonly kind: Kind; readonly page: Page } | undefined;

  constructor(
    readonly tables: Tables,
    /** Of the kind's table. */
    readonly pinOf: (kind: Kind) => string,
    readonly open: (kind: Kind, table: number) => Page,
  ) {}

  /** Begins a run: until the next one no table becomes another. */
  begin(): void {
    for (const page of this.#pages.values()) page.count = 0; // an error may have left some
    this.#looked.clear();
    this.#last = undefined;
  }

  /** undefined: its table is not there. */
  of(kind: Kind): Page | undefined {
    if (this.#last?.kind === kind) return this.#last.page;
    const found = this.#looked.has(kind) ? this.#looked.get(kind) : this.#openFor(kind);
    this.#looked.set(kind, found);
    this.#last = found && { kind, page: found };
    return found;
  }

  /** Those that are open. */
  get all(): Iterable<Page> {
    return this.#pages.values();
  }

  close(): void {
    for (const { loaded } of this.#pages.values()) loaded.close();
    this.#pages.clear();
  }

  /** The table may have got another size, or have been loaded again. */
  #openFor(kind: Kind): Page | undefined {
    const table = pinnedNumber(this.tables, this.pinOf(kind));
    const known = this.#pages.get(kind);
    if (known !== undefined && known.loaded.table === table) return known;
    known?.loaded.close();
    this.#pages.delete(kind);
    if (table === undefined) return undefined;
    const page = this.open(kind, table);
    this.#pages.set(kind, page);
    return page;
  }
}
