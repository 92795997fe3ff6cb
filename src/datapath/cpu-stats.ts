// What a driver offers beside `TableReader` when it keeps its totals by CPU.
import type { Stats } from '../model/service.js';
import type { TableReader } from './director.js';

/** Totals of one CPU; rates are not kept by CPU and are 0. */
export interface CpuStats {
  totalsByCpu(): readonly Stats[];
}

export function hasCpuStats(table: TableReader): table is TableReader & CpuStats {
  return 'totalsByCpu' in table;
}
