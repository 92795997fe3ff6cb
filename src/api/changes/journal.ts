// The journal of changes that were made by the API: who, when, from which state to which, by which commands, and what takes it back.
import type { Undo } from '../../control/plan/undo-document.js';
import { WeirError } from '../../model/errors/weir-error.js';
import { isRecord, parseJson } from '../../model/json.js';

const ENTRIES_MAX = 1000;

export interface JournalEntry {
  readonly id: string;
  /** RFC 3339. */
  readonly at: string;
  readonly author: string;
  /** ETags. */
  readonly before: string;
  readonly after: string;
  /** As ipvsadm takes them. */
  readonly commands: string[];
  /** The plan or the entry that it came of. */
  readonly of: string | null;
  /** null: it changed no configuration, and is taken back in another way. */
  readonly undo: Undo | null;
}

/** Where its lines are kept. */
export interface JournalStore {
  /** @throws SystemError */
  read(): string;
  append(line: string): void;
  replace(text: string): void;
}

const isEntry = (value: unknown): value is JournalEntry =>
  isRecord(value) && typeof value['id'] === 'string' && (isRecord(value['undo']) || value['undo'] === null);

export class Journal {
  readonly #entries: JournalEntry[];

  /** A line that a killed process left half written does not count. @throws SystemError */
  constructor(readonly store: JournalStore) {
    this.#entries = store.read().split('\n').map(parseJson).filter(isEntry);
  }

  /** The newest first. */
  all(): readonly JournalEntry[] {
    return this.#entries.toReversed();
  }

  /** What takes this change back. @throws WeirError api-no-change, api-no-revert */
  undoOf(id: string): Undo {
    const found = this.#entries.find((entry) => entry.id === id);
    if (found === undefined) throw new WeirError('api-no-change', { id });
    if (found.undo === null) throw new WeirError('api-no-revert', { id });
    return found.undo;
  }

  /** @throws SystemError */
  add(entry: JournalEntry): void {
    this.#entries.push(entry);
    if (this.#entries.length <= 2 * ENTRIES_MAX) {
      this.store.append(`${JSON.stringify(entry)}\n`);
      return;
    }
    this.#entries.splice(0, this.#entries.length - ENTRIES_MAX);
    this.store.replace(this.#entries.map((one) => `${JSON.stringify(one)}\n`).join(''));
  }
}
