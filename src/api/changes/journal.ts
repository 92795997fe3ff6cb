// The journal of changes that were made by the API: who, when, from which state to which, by which commands, and what takes it back.
import type { Undo } from '../../control/plan/undo-document.js';
import { WeirError } from '../../model/errors/weir-error.js';
import { isRecord, parseJson } from '../../model/json.js';
import type { Log } from '../../model/log-level.js';
import { isSystemError, reasonOf } from '../../sys/errno.js';
import { whyOf } from './why.js';

/** What is kept where the file gets too long: so many entries, the newest, and not more characters of them, but always the last one. */
const [ENTRIES_MAX, KEPT_CHARACTERS] = [1000, 4 * 2 ** 20];
/** Of the file. */
const [LINES_MAX, CHARACTERS_MAX] = [4 * ENTRIES_MAX, 4 * KEPT_CHARACTERS];

export interface JournalEntry {
  readonly id: string;
  /** RFC 3339. */
  readonly at: string;
  readonly author: string;
  /** ETags. */
  readonly before: string;
  /** null: the change began, and the process was killed before it was known what became of it; or it was made, and `unread`. */
  readonly after: string | null;
  /** Why the state after a change that was made could not be read. */
  readonly unread?: string;
  /** As ipvsadm takes them. */
  readonly commands: string[];
  /** The plan or the entry that it came of. */
  readonly of: string | null;
  /** null: it changed no configuration, and is taken back in another way. */
  readonly undo: Undo | null;
}

/** Of a file: another process that writes makes it longer, or puts another one in its place. */
export interface JournalStamp {
  readonly file: string;
  readonly bytes: number;
}

/** Where its lines are kept. Another process of the API, at other sockets, may have the same. */
export interface JournalStore {
  /** @throws SystemError */
  read(): string;
  /** Undefined: it was removed with the table, or nothing was written yet. @throws SystemError */
  stamp(): JournalStamp | undefined;
  append(line: string): void;
  replace(text: string): void;
}

/** What became of an entry that was written before its change; `after` null: nothing was changed. */
interface JournalEnd {
  readonly end: string;
  readonly after: string | null;
}

/** What was made, without the state after it. */
interface JournalMade {
  readonly made: string;
  readonly unread: string;
}

type Line = JournalEntry | JournalEnd | JournalMade;

const isEntry = (value: unknown): value is JournalEntry =>
  isRecord(value) && typeof value['id'] === 'string' && (isRecord(value['undo']) || value['undo'] === null);

const isEnd = (value: unknown): value is JournalEnd => isRecord(value) && typeof value['end'] === 'string';

const isMade = (value: unknown): value is JournalMade =>
  isRecord(value) && typeof value['made'] === 'string' && typeof value['unread'] === 'string';

const lineOf = (value: Line): string => `${JSON.stringify(value)}\n`;

/** An entry is written before its change, and its end after it: so a process that is killed in between leaves a trace. */
export class Journal {
  /** The oldest first. */
  readonly #entries = new Map<string, JournalEntry>();
  #lines = 0;
  #characters = 0;
  /** The last line may be without its end. */
  #isTorn = false;
  /** As this process has read or written it. */
  #stamp: JournalStamp | undefined;

  /** A line that a killed process left half written does not count, which is logged. @throws SystemError */
  constructor(
    readonly store: JournalStore,
    readonly log: Log,
  ) {
    this.#read();
  }

  #read(): void {
    const [stamp, text] = [this.store.stamp(), this.store.read()];
    this.#stamp = stamp;
    this.#entries.clear();
    this.#isTorn = text !== '' && !text.endsWith('\n');
    const lines = text.split('\n').filter((line) => line !== '');
    const unread = lines.filter((line) => !this.#take(parseJson(line))).length;
    [this.#lines, this.#characters] = [lines.length, text.length];
    if (unread > 0)
      this.log('warning', `the journal of changes has ${unread} of ${lines.length} lines that cannot be read: they are left out`);
  }

  /** Whether it is a line of the journal. */
  #take(line: unknown): boolean {
    if (isEnd(line)) this.#close(line);
    else if (isMade(line)) this.#stand(line);
    else if (isEntry(line)) this.#entries.set(line.id, line);
    else return false;
    return true;
  }

  /** Entries of a table that was unloaded go with it; those of another process come. @throws SystemError */
  #refresh(): void {
    const stamp = this.store.stamp();
    if (stamp?.file === this.#stamp?.file && stamp?.bytes === this.#stamp?.bytes) return;
    this.#read();
  }

  /** The newest first. @throws SystemError */
  all(): readonly JournalEntry[] {
    this.#refresh();
    return [...this.#entries.values()].toReversed();
  }

  /** What takes this change back. @throws WeirError api-no-change, api-no-revert */
  undoOf(id: string): Undo {
    this.#refresh();
    const found = this.#entries.get(id);
    if (found === undefined) throw new WeirError('api-no-change', { id });
    if (found.undo === null) throw new WeirError('api-no-revert', { id });
    return found.undo;
  }

  /** @throws WeirError api-journal: then nothing may be changed */
  begin(entry: Omit<JournalEntry, 'after'>): void {
    this.#refresh();
    const begun = { ...entry, after: null };
    this.#entries.set(entry.id, begun);
    try {
      this.#write(lineOf(begun));
    } catch (error) {
      this.#entries.delete(entry.id);
      if (!isSystemError(error)) throw error;
      this.log('error', `a change was refused, since the journal of changes cannot be written: ${error.message}`);
      throw new WeirError('api-journal', { why: reasonOf(error) }, { cause: error });
    }
  }

  /** `after`: undefined where nothing was changed, and the entry goes. Where it cannot be written, what was changed stays changed: that is logged. */
  end(id: string, after: string | undefined): void {
    const end = { end: id, after: after ?? null };
    this.#close(end);
    this.#writeEnd(id, end);
  }

  /** It was made, and `error` is why the state after it is not known. */
  made(id: string, error: unknown): void {
    const why = whyOf(error);
    this.log('error', `change ${id} was made, but the state after it could not be read: ${why}`);
    const line = { made: id, unread: why };
    this.#stand(line);
    this.#writeEnd(id, line);
  }

  #writeEnd(id: string, line: JournalEnd | JournalMade): void {
    try {
      this.#write(lineOf(line));
    } catch (error) {
      if (!isSystemError(error)) throw error;
      this.log('error', `the journal of changes lacks what became of change ${id}: ${error.message}`);
    }
  }

  #close({ end, after }: JournalEnd): void {
    const entry = this.#entries.get(end);
    if (after === null) this.#entries.delete(end);
    else if (entry !== undefined) this.#entries.set(end, { ...entry, after });
  }

  #stand({ made, unread }: JournalMade): void {
    const entry = this.#entries.get(made);
    if (entry !== undefined) this.#entries.set(made, { ...entry, unread });
  }

  #write(line: string): void {
    if (this.#lines < LINES_MAX && this.#characters + line.length <= CHARACTERS_MAX) {
      const separated = this.#isTorn ? `\n${line}` : line;
      this.#append(separated);
      this.#lines += 1;
      this.#characters += separated.length;
      return;
    }
    const kept = this.#newest();
    const text = [...kept.values()].toReversed().join('');
    this.store.replace(text);
    this.#stamp = this.store.stamp();
    for (const id of [...this.#entries.keys()].filter((one) => !kept.has(one))) this.#entries.delete(id);
    [this.#lines, this.#characters] = [kept.size, text.length];
    this.#isTorn = false;
  }

  /** What another process has written meanwhile makes the file longer than this one knows. Of a line that cannot be written a part may be there. */
  #append(text: string): void {
    this.#isTorn = true;
    try {
      this.store.append(text);
    } catch (error) {
      this.#stamp = this.store.stamp();
      throw error;
    }
    this.#isTorn = false;
    const { file, bytes } = this.#stamp ?? { file: this.store.stamp()?.file ?? '', bytes: 0 };
    this.#stamp = { file, bytes: bytes + Buffer.byteLength(text) };
  }

  /** The lines of the entries that stay, by id, the newest first. */
  #newest(): ReadonlyMap<string, string> {
    const kept = new Map<string, string>();
    let characters = 0;
    for (const entry of [...this.#entries.values()].toReversed()) {
      const line = lineOf(entry);
      characters += line.length;
      if (kept.size === ENTRIES_MAX || (kept.size > 0 && characters > KEPT_CHARACTERS)) break;
      kept.set(entry.id, line);
    }
    return kept;
  }
}
