// What becomes of haproxy's keywords: each has an entry in a table, and what has none is lost by name, so that nothing is left out silently.
import type { At, ImportReport } from './import-report.js';

export interface Fate {
  readonly status: 'equivalent' | 'approximated' | 'lost' | 'refused';
  /** In one sentence what it means for packets. */
  readonly why: string;
  readonly hint?: string;
}

export const lost = (why: string, hint?: string): Fate => ({ status: 'lost', why, ...(hint === undefined ? {} : { hint }) });

/** Packets go the same way with it and without it. */
export const NOTHING: Fate = { status: 'equivalent', why: 'no packet goes another way for it' };
/** Of a proxy of mode tcp, for which haproxy ignores it, too. */
export const OF_REQUESTS: Fate = { status: 'equivalent', why: 'it is about requests, and a proxy of mode tcp reads none' };
export const REPLACED: Fate = { status: 'equivalent', why: 'another line has its place' };
export const UNKNOWN = lost('weir does nothing of the kind to packets');
export const OWN_RETRIES = lost('a client whose server does not answer asks again itself');

/** Names separated by blanks; one that ends with `*` stands for all that begin so. */
export type FateTable = readonly (readonly [names: string, fate: Fate])[];

export function fateIn(table: FateTable, name: string): Fate {
  const [, fate = UNKNOWN] =
    table.find(([names]) => names.split(' ').some((each) => (each.endsWith('*') ? name.startsWith(each.slice(0, -1)) : each === name))) ??
    [];
  return fate;
}

/** `words`: of the statement those that it is about, when it is not about all. */
export function reportFate(report: ImportReport, at: At, { status, why, hint }: Fate, words: readonly string[] = []): void {
  const consequence = words.length === 0 ? why : `${words.join(', ')}: ${why}`;
  report.add(at, status, status === 'equivalent' ? 'nothing' : '', consequence, hint);
}
