// One sample of the traffic's history, where one is due and a table is there.

import { withoutDetours } from '../../model/drops.js';
import { isWeirError } from '../../model/errors/weir-error.js';
import type { ApiSources } from '../sources.js';

export function sampleTraffic({ now, history, totals, drops }: Pick<ApiSources, 'now' | 'history' | 'totals' | 'drops'>): void {
  const atMs = now();
  if (!history.isDue(atMs)) return;
  try {
    const { total } = drops();
    history.add({ atMs, totals: totals(), dropped: withoutDetours(total).reduce((sum, { count }) => sum + count, 0n) });
  } catch (error) {
    // It is not loaded, or of another build: a further look will see.
    if (!isWeirError(error)) throw error;
  }
}
