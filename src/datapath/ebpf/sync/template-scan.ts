// Finds what is new among the templates of persistent services since it looked last, as table-scan.ts does among connections.
import type { Records } from '../../../sys/bpf/records.js';
import { Template6 } from '../abi6.gen.js';
import { clockDifference } from '../table/clock.js';
import type { Tables } from '../table/tables.js';
import { type TakenTemplate, templateAt } from '../table/templates.js';
import { TemplateAbi } from '../template.gen.js';
import { TemplateFlagAbi } from '../template-flag.gen.js';
import { type ScanMoment, SlotNews } from './slot-news.js';

const upper = (flag: number | bigint): number => Number(BigInt(flag) >> 32n);
/** Its destination, whether a connection was established, and whether it leads no client any more. */
const NEWS = TemplateAbi.T_DEST_MASK | upper(TemplateAbi.T_ASSURED) | upper(TemplateFlagAbi.T_ANSWERED) | upper(TemplateFlagAbi.T_LOST);

interface Watched {
  readonly records: Records;
  readonly beside: (typeof Template6)['client'] | undefined;
  readonly slots: SlotNews;
}

const noCall = (): undefined => undefined;

export class TemplateScan {
  #watched: readonly Watched[] = [];
  #table = 0;
  #slot = 0;

  constructor(readonly tables: Tables) {}

  /** As of TableScan. */
  begin(): void {
    const six = this.tables.templates6();
    const found = [
      { records: this.tables.templates(), beside: undefined },
      ...(six === undefined ? [] : [{ records: six, beside: Template6.client }]),
    ];
    this.#watched = found.map(({ records, beside }) => {
      const known = this.#watched.find((each) => each.records.memory === records.memory);
      return known ?? { records, beside, slots: new SlotNews(new Uint32Array(records.memory), records.count, NEWS) };
    });
    [this.#table, this.#slot] = [0, 0];
  }

  /** Looks at `count` slots more; false: the round is over. `report` gets each template that leads clients and is new, changed, or stale elsewhere. */
  look(count: number, moment: ScanMoment, report: (template: TakenTemplate) => void): boolean {
    let left = count;
    for (;;) {
      const table = this.#watched[this.#table];
      if (table === undefined) return false;
      const end = Math.min(this.#slot + left, table.records.count);
      for (let slot = this.#slot; slot < end; slot++) lookAt(table, slot, moment, report);
      left -= end - this.#slot;
      this.#slot = end;
      if (end < table.records.count) return true;
      this.#table += 1;
      this.#slot = 0;
    }
  }

  forget(): void {
    for (const { slots } of this.#watched) slots.forget();
  }
}

function lookAt({ records, beside, slots }: Watched, slot: number, moment: ScanMoment, report: (template: TakenTemplate) => void): void {
  const at = (slot * records.bytes) / 4;
  const before = slots.wordsAt(at);
  if ((before[0] & TemplateAbi.T_DEST_MASK) === 0 || slots.isReported(at, slot, moment)) return;
  const template = templateAt(records, slot, noCall, beside);
  if (template === undefined || template.lost || clockDifference(template.expires, moment.now) < 0) return;
  slots.reported(slot, before, template.expires);
  report(template);
}
