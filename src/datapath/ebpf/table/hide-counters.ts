// The counters of a service, of a destination, or of all, as they are shown: from 0 again.
import { Estimate } from '../abi.gen.js';
import type { Tables } from './tables.js';

/** `estimate`: the record's number. Rates start from 0, too. */
export function hideCounters({ estimates }: Tables, estimate: number): void {
  for (let k = 0; k < Estimate.zero.count; k++) estimates.setBig(estimate, Estimate.zero, estimates.big(estimate, Estimate.shown, k), k);
  estimates.set(estimate, Estimate.zeroAsked, (estimates.get(estimate, Estimate.zeroAsked) + 1) >>> 0);
}
