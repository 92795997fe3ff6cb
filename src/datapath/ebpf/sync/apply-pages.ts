// The pages through which connections of other directors go into the tables: one of each table, which its program works through when it is full.
import { APPLIED, type Applied } from '../../../model/foreign-connection.js';
import { ApplyAbi } from '../apply.gen.js';
import { clockNow } from '../table/clock.js';
import type { Tables } from '../table/tables.js';
import { connectionsPin, loadApply, type TableKind } from './apply-builds.js';
import { type ApplyAgain, type ApplyFields, OpenPage, PagePlace, type Place, REPORTED } from './apply-page.js';
import { OriginNotes } from './note-origins.js';
import { OpenPages } from './open-pages.js';

/** What is called while records are applied. A place is read during the call. `index`: which of all it is. */
export interface ApplyWatch {
  /** The slots, of the table with this pin, of connections that the others are about to be called for. */
  readonly ahead?: (pin: string, slots: Uint32Array, count: number) => void;
  /** It was made, changed or ended. */
  readonly placed?: (index: number, place: Place, answer: 'made' | 'changed' | 'ended') => void;
  /** What is here is newer. Not undefined: how it is applied nevertheless. */
  readonly newer?: (index: number, place: Place) => Exclude<ApplyAgain, 'over' | 'report'> | undefined;
  /**
   * It was made, or is gone and has no slot. `over`: it has ended before, so that what was made ends again, and is not placed; `report`: likewise, and the
   * other director is to know.
   */
  readonly overrule?: (place: Place, answer: 'made' | 'gone') => 'over' | 'report' | undefined;
  /** It is an end, whatever became of it. */
  readonly ended?: (place: Omit<Place, 'slot'>) => void;
}

/** Clock units: last packets that are closer cannot be distinguished; and where what is here is known to have come from the other director. */
export interface ApplyMargins {
  readonly usual: number;
  readonly close: number;
}

/** One run: what is put goes into the tables at the latest with end(). The caller holds the lock, and no move of a table has begun and not ended. */
export class ApplyPages {
  readonly #pages: OpenPages<TableKind, OpenPage>;
  #answers = new Uint8Array();
  #watch: ApplyWatch = {};
  #margins: ApplyMargins = { usual: 0, close: 0 };
  readonly #origins: OriginNotes;
  /** Of a page that was run. */
  readonly #slots = new Uint32Array(ApplyAbi.APPLY_RECORDS);

  constructor(readonly tables: Tables) {
    this.#origins = new OriginNotes(tables);
    this.#pages = new OpenPages(tables, connectionsPin, (kind, table) => new OpenPage(kind, loadApply(tables, kind, table)));
  }

  /** So many may be put. Until it is known what became of one, it is `unbound`: that is so where no service made its table. */
  begin(count: number, margins: ApplyMargins, watch: ApplyWatch): void {
    this.#answers = new Uint8Array(count).fill(APPLIED.indexOf('unbound'));
    [this.#margins, this.#watch] = [margins, watch];
    this.#pages.begin();
    this.#origins.begin();
  }

  /** It is in no table. */
  answer(index: number, answer: Applied): void {
    this.#answers[index] = APPLIED.indexOf(answer);
  }

  /** @throws WeirError kernel-refuses-datapath, pin-missing */
  put(kind: TableKind, index: number, fields: ApplyFields): void {
    const page = this.#pages.of(kind);
    if (page === undefined) return;
    page.add(index, fields);
    if (page.isFull) this.#run(page);
  }

  /** What became of each, by its place in APPLIED. */
  end(): Uint8Array {
    for (const page of this.#pages.all) if (page.count > 0) this.#run(page);
    return this.#answers;
  }

  close(): void {
    this.#pages.close();
  }

  /** What is newer here may be applied nevertheless: then it goes through the page again. */
  #run(page: OpenPage): void {
    if (this.#runOnce(page, true) > 0) this.#runOnce(page, false);
    page.count = 0;
  }

  /** How many are to be run again. */
  #runOnce(page: OpenPage, mayRepeat: boolean): number {
    const place = new PagePlace(page);
    const now = clockNow(this.tables.conf);
    const { count } = page;
    page.run(this.#margins.usual);
    page.count = 0;
    this.#watch.ahead?.(connectionsPin(page.kind), this.#slots, page.slots(count, this.#slots));
    for (let record = 0; record < count; record++) {
      const index = page.indexes[record] ?? 0;
      const answer = page.answer(record);
      this.answer(index, page.over[record] === REPORTED ? 'over' : answer);
      if (page.over[record] !== 0) continue;
      place.to(record, now);
      if (mayRepeat && place.isEnd) this.#watch.ended?.(place);
      const how = this.#watched(index, place, answer);
      if (how !== undefined && mayRepeat) page.repeat(record, how, this.#more);
    }
    return page.count;
  }

  /** Of who wins half of the margin counts. */
  get #more(): number {
    const { usual, close } = this.#margins;
    return (close - usual) >> 1;
  }

  /** How it is to be applied once more. */
  #watched(index: number, place: PagePlace, answer: Applied): ApplyAgain | undefined {
    const { placed, newer, overrule } = this.#watch;
    if (answer === 'newer') return newer?.(index, place);
    if (answer === 'gone' && !place.isEnd && !place.isTemplate && overrule?.(place, answer) === 'report') this.answer(index, 'over');
    if (answer !== 'made' && answer !== 'changed' && answer !== 'ended') return undefined;
    const over = answer === 'made' ? overrule?.(place, answer) : undefined;
    if (over !== undefined) return over;
    if (answer === 'made') this.#origins.made(place);
    placed?.(index, place, answer);
    return undefined;
  }
}
