// A socket filter in the kernel: its program, its tables, its accounts.
import { type ArtifactName, artifact } from '../../sys/artifact.js';
import { type BpfMap, ObjectFile, type Program } from '../../sys/bpf/bpf-objects.js';
import { Records } from '../../sys/bpf/records.js';
import { Account } from './abi.gen.js';
import { FilterAccounts, type FilterCounts } from './filter-account.js';

/** What a filter can be put on. */
export interface Filterable {
  attachFilter(program: number): void;
  detachFilter(): void;
}

export interface TableEntry {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

/** A hash table in the kernel. A value that packets change keeps their changes while the same value is set again. */
export class FilterTable {
  readonly #entries = new Map<string, TableEntry>();

  constructor(readonly map: BpfMap) {}

  /** Replaces the entries. Returns the keys whose values changed. @throws SystemError E2BIG */
  set(wanted: readonly TableEntry[]): readonly Uint8Array[] {
    const next = new Map(wanted.map((entry) => [entry.key.join(), entry]));
    for (const [text, { key }] of this.#entries) {
      if (!next.has(text)) {
        this.map.delete(key);
        this.#entries.delete(text);
      }
    }
    const changed: Uint8Array[] = [];
    for (const [text, entry] of next) {
      if (this.#entries.get(text)?.value.join() !== entry.value.join()) {
        this.map.update(entry.key, entry.value);
        this.#entries.set(text, entry);
        changed.push(entry.key);
      }
    }
    return changed;
  }
}

export interface FilterPlan<R extends string> {
  readonly file: ArtifactName;
  /** Of the file's programs this one is loaded. */
  readonly program: string;
  readonly others: readonly string[];
  /** Entries that tables must have room for. */
  readonly entries: Readonly<Record<string, number>>;
  /** Accounts. */
  readonly room: number;
  /** What they count, in the order of the program's `enum reason`. */
  readonly reasons: readonly R[];
  /** Variables of a test. */
  readonly variables?: Readonly<Record<string, Uint8Array>>;
}

/** What all filters share; each subclass has its own tables. */
export class SocketFilter<R extends string> {
  readonly room: number;
  protected readonly accounts: FilterAccounts<R>;
  readonly #object: ObjectFile;
  readonly #program: Program;
  readonly #maps: BpfMap[] = [];

  /** @throws SystemError EPERM, or an error of the verifier */
  constructor({ file, program, others, entries, room, reasons, variables = {} }: FilterPlan<R>) {
    this.room = room;
    this.#object = new ObjectFile(artifact(file));
    try {
      for (const other of others) this.#object.autoload(other, false);
      for (const [name, count] of Object.entries({ ...entries, accounts: room + 1 })) this.#object.mapEntries(name, count);
      for (const [name, value] of Object.entries(variables)) this.#object.variable(name, value);
      this.#object.load();
      this.#program = this.#object.program(program);
      const accounts = this.map('accounts');
      this.accounts = new FilterAccounts(new Records(accounts.mmap((room + 1) * Account.bytes, false), Account.bytes), room, reasons);
    } catch (error) {
      this.#object.close();
      throw error;
    }
  }

  protected map(name: string): BpfMap {
    const map = this.#object.map(name);
    this.#maps.push(map);
    return map;
  }

  attach(socket: Filterable): void {
    socket.attachFilter(this.#program.fd.number);
  }

  takeCounts(): readonly FilterCounts<R>[] {
    return this.accounts.take();
  }

  /** Runs the filter on a packet, which begins with its Ethernet header: whether it passes, and the ns that it took. */
  judge(packet: Uint8Array, repeat = 1): { readonly passes: boolean; readonly ns: number } {
    const { retval, duration } = this.#program.test({ data: packet, repeat, outSize: 0 });
    return { passes: retval !== 0, ns: duration };
  }

  close(): void {
    this.#maps.forEach((map) => map.close());
    this.#program.close();
    this.#object.close();
  }
}
