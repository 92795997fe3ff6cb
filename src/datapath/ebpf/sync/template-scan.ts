// Finds what is new among the templates of persistent services since it looked last, as table-scan.ts does among connections.
import { Records } from '../../../sys/bpf/records.js';
import { AddressFamily } from '../abi.gen.js';
import { Template6 } from '../abi6.gen.js';
import { Calls } from '../table/calls.js';
import { clockDifference } from '../table/clock.js';
import { KEY_WORD, SLOT_WORDS, upperHalf, VALUE_WORD } from '../table/living-slots.js';
import { IPV6_PINS, type Tables, TEMPLATES_PIN } from '../table/tables.js';
import { type TakenTemplate, templateAt } from '../table/templates.js';
import { TemplateAbi } from '../template.gen.js';
import { TemplateFlagAbi } from '../template-flag.gen.js';
import type { ScanMoment } from './scan-moment.js';
import type { SeenSlot } from './seen-slot.js';
import type { SlotLayout } from './slot-layout.js';
import { SlotNews } from './slot-news.js';

/** Its destination, whether a connection was established, and whether it leads no client any more. */
const NEWS =
  TemplateAbi.T_DEST_MASK | upperHalf(TemplateAbi.T_ASSURED) | upperHalf(TemplateFlagAbi.T_ANSWERED) | upperHalf(TemplateFlagAbi.T_LOST);

/** Where a template is that was reported, with its key there. */
export type TemplateAt = Pick<SeenSlot, 'slots' | 'at' | 'keyLow' | 'keyHigh'>;

/** As ScanReport of table-scan.ts. */
interface TemplateReport {
  readonly found: (one: TakenTemplate, where: TemplateAt) => void;
  readonly ended?: (one: TakenTemplate, where: TemplateAt) => void;
  readonly lost?: (one: TakenTemplate) => void;
}

interface Watched {
  readonly pin: string;
  readonly records: Records;
  readonly beside: (typeof Template6)['client'] | undefined;
  readonly slots: SlotNews;
  readonly family: number;
  /** By slot, the Call-ID of what was reported: that of one that has ended is gone. */
  readonly calls: Map<number, string>;
  /** Slots with one that leads no client any more: when it goes, nothing is lost. */
  readonly spent: Set<number>;
}

/** A template is several pieces in a row. */
const layoutOf = (records: Records): SlotLayout => ({
  bucketWords: records.bytes / 4,
  bucketSlots: 1,
  pieces: Array.from({ length: records.bytes / 4 / SLOT_WORDS - 1 }, (_, piece) => (1 + piece) * SLOT_WORDS),
});

export class TemplateScan {
  #watched: readonly Watched[] = [];
  #table = 0;
  #slot = 0;

  constructor(readonly tables: Tables) {}

  /** As of TableScan. */
  begin(): void {
    const six = this.tables.templates6();
    const found = [
      { pin: TEMPLATES_PIN, records: this.tables.templates(), beside: undefined, family: AddressFamily.F_INET },
      ...(six === undefined ? [] : [{ pin: IPV6_PINS.templates, records: six, beside: Template6.client, family: AddressFamily.F_INET6 }]),
    ];
    this.#watched = found.map((table) => {
      const { records } = table;
      const known = this.#watched.find((each) => each.records.memory === records.memory);
      return (
        known ?? {
          ...table,
          calls: new Map(),
          spent: new Set(),
          slots: new SlotNews(new Uint32Array(records.memory), layoutOf(records), NEWS, table.pin),
        }
      );
    });
    for (const { slots } of this.#watched) slots.takeAgain(); // each round looks at all
    [this.#table, this.#slot] = [0, 0];
  }

  /** Looks at `count` slots more; false: the round is over. Each template is reported that leads clients and is new, changed, or stale elsewhere. */
  look(count: number, moment: ScanMoment, report: TemplateReport): boolean {
    const calls = new Calls(this.tables);
    try {
      return this.#look(count, moment, report, calls);
    } finally {
      calls.close();
    }
  }

  #look(count: number, moment: ScanMoment, report: TemplateReport, calls: Calls): boolean {
    let left = count;
    for (;;) {
      const table = this.#watched[this.#table];
      if (table === undefined) return false;
      const end = Math.min(this.#slot + left, table.records.count);
      const { found, ended, lost } = report;
      const seeEnd = ended && ((at: number): void => reportEnd(table, at, ended));
      const seeLost = lost && ((at: number): void => reportLost(table, at, lost));
      table.slots.look(this.#slot, end, moment, (at) => reportTemplate(table, at, moment, calls, found), seeEnd, seeLost);
      left -= end - this.#slot;
      this.#slot = end;
      if (end < table.records.count) return true;
      this.#table += 1;
      this.#slot = 0;
    }
  }

  /** As of TableScan. */
  slotsOf(pin: string): SlotNews | undefined {
    return this.#watched.find((table) => table.pin === pin)?.slots;
  }

  get all(): readonly SlotNews[] {
    return this.#watched.map(({ slots }) => slots);
  }
}

/** A template's bucket has one slot. */
const slotAt = ({ layout }: SlotNews, at: number): number => at / layout.bucketWords;

function reportTemplate(table: Watched, at: number, { now }: ScanMoment, calls: Calls, found: TemplateReport['found']): void {
  const { records, beside, slots, family } = table;
  const { words } = slots;
  const slot = slotAt(slots, at);
  const [keyLow = 0, keyHigh = 0, high = 0] = [words[at + KEY_WORD], words[at + KEY_WORD + 1], words[at + VALUE_WORD + 1]];
  const template = templateAt(records, slot, () => calls.idAt(slot, family), beside);
  if (template?.lost === true) table.spent.add(slot);
  if (template === undefined || template.lost || clockDifference(template.expires, now) < 0) return;
  table.spent.delete(slot);
  if (template.call !== undefined) table.calls.set(slot, template.call);
  else table.calls.delete(slot);
  slots.reported(at, keyLow, keyHigh, high, template.expires);
  found(template, { slots, at, keyLow, keyHigh });
}

function reportEnd(table: Watched, at: number, ended: NonNullable<TemplateReport['ended']>): void {
  const { slots } = table;
  const template = reported(table, at);
  const [keyLow = 0, keyHigh = 0] = slots.copy.subarray(at + KEY_WORD, at + KEY_WORD + 2);
  forget(table, at);
  if (template !== undefined) ended(template, { slots, at, keyLow, keyHigh });
}

/** One that came from others, and had to give way to another one. */
function reportLost(table: Watched, at: number, lost: NonNullable<TemplateReport['lost']>): void {
  const template = table.spent.has(slotAt(table.slots, at)) ? undefined : reported(table, at);
  forget(table, at);
  if (template !== undefined) lost(template);
}

/** As it was reported. */
function reported({ records, beside, slots, calls }: Watched, at: number): TakenTemplate | undefined {
  const slot = slotAt(slots, at);
  return templateAt(new Records(slots.copy.buffer as ArrayBuffer, records.bytes), slot, () => calls.get(slot), beside);
}

function forget({ slots, calls, spent }: Watched, at: number): void {
  slots.forgetSlot(at);
  calls.delete(slotAt(slots, at));
  spent.delete(slotAt(slots, at));
}
