// What a driver offers beside `Director` when it keeps its totals by CPU.
import type { Stats } from '../model/service.js';
import type { Director } from './director.js';

/** Totals of one CPU; rates are not kept by CPU and are 0. */
export interface CpuStats {
  totalsByCpu(): readonly Stats[];
}

export function hasCpuStats(director: Director): director is Director & CpuStats {
  return 'totalsByCpu' in director;
}
