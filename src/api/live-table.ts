// What the API reads of the table's services: whole, kept for a moment; a page of them; or what is configured alone.
import type { ObservingReader } from '../datapath/ebpf/observe/observing-reader.js';
import { checkPresent } from '../datapath/ebpf/whole-read.js';
import type { KeptState } from '../document/kept-state.js';
import { type PageAsked, servicePage } from '../model/service-page.js';
import { systemClock } from '../sys/clock.js';
import type { ApiReaders, TablePage, TableSnapshot } from './sources.js';

/** So long the table is answered with again, ms. */
const TABLE_MS = 250;

type FoundPage = Omit<TablePage, 'base'>;

/** The table, kept for a moment in which no program changes it: who asks more often gets the same counters. */
function keptTable(reader: () => ObservingReader): (asked: PageAsked) => FoundPage {
  let last: { readonly table: TableSnapshot; readonly of: ObservingReader; readonly atMs: number } | undefined;
  const holds = (one: ObservingReader, atMs: number): TableSnapshot | undefined => {
    if (last === undefined || last.of !== one) return undefined;
    const { table } = last;
    if (one.stands({ generation: table.generation, atMs: last.atMs })) return table;
    return atMs - last.atMs < TABLE_MS && table.generation === one.settledGeneration ? table : undefined;
  };
  return (asked) => {
    const [one, atMs] = [reader(), systemClock.now()];
    const held = holds(one, atMs);
    const isWhole = asked.after === undefined && asked.limit === undefined;
    if (held !== undefined) {
      const { services, next } = servicePage(held.services, asked);
      return { table: isWhole ? held : { ...held, services }, next };
    }
    const { next, ...read } = one.observing(() => ({ ...one.table(asked), timeouts: one.timeouts(), totals: one.totals() }));
    if (isWhole) last = { table: read, of: one, atMs };
    return { table: read, next };
  };
}

/** @param reader Of the tables that are pinned now */
export function liveTable(
  reader: () => ObservingReader,
  state: KeptState,
): Pick<ApiReaders, 'table' | 'totals' | 'configured' | 'page' | 'state' | 'service' | 'generation'> {
  const present = (): ObservingReader => {
    const one = reader();
    checkPresent(one.tables);
    return one;
  };
  const found = keptTable(present);
  return {
    table: () => found({}).table,
    totals: () => {
      const one = present();
      return one.observing(() => one.totals());
    },
    configured: () => present().configured(),
    page: (asked) => reader().together(() => ({ ...found(asked), base: state.read().base })),
    state: state.read,
    service: (key) => reader().service(key),
    generation: () => {
      const one = present();
      one.verify();
      state.verify();
      return one.generation;
    },
  };
}
