// The counters of a service, of a destination, or of all, as they are shown: from 0 again.
import { Counters, Estimate } from '../abi.gen.js';
import { countedOf, estimateOf } from './counted.js';
import type { Tables } from './tables.js';

/** In the order of an estimate's sums. */
const COUNTED = [Counters.conns, Counters.inPackets, Counters.outPackets, Counters.inBytes, Counters.outBytes];
type Counted = (typeof COUNTED)[number];

/** `estimate`: the record's number. Rates start from 0, too. */
export function hideCounters(tables: Tables, estimate: number): void {
  hide(tables, estimate, (k) => tables.estimates.big(estimate, Estimate.shown, k));
}

/**
 * Of a service that is deleted and its destinations: what packets have counted in the last two seconds, which the estimator adds later, is hidden, too. So
 * they start from 0 when they come back.
 */
export function hideAllCounted(tables: Tables, service: number, destinations: readonly number[]): void {
  for (const id of destinations) hide(tables, estimateOf(tables, id), (_, field) => countedOf(tables, id, field));
  hide(tables, service, (k, field) => sumAt(tables, service, destinations, k, field));
}

/** Never less than is hidden already: that may still have to be added. */
function hide({ estimates }: Tables, estimate: number, zero: (k: number, field: Counted) => bigint): void {
  for (const [k, field] of COUNTED.entries()) {
    const [before, now] = [estimates.big(estimate, Estimate.zero, k), zero(k, field)];
    if (now > before) estimates.setBig(estimate, Estimate.zero, now, k);
  }
  estimates.set(estimate, Estimate.zeroAsked, (estimates.get(estimate, Estimate.zeroAsked) + 1) >>> 0);
}

/** A service's sum with what the estimator has not added of its destinations yet; read again where it added some meanwhile. */
function sumAt(tables: Tables, service: number, destinations: readonly number[], k: number, field: Counted): bigint {
  const { estimates } = tables;
  const added = (id: number): bigint => estimates.big(estimateOf(tables, id), Estimate.raw, k);
  for (;;) {
    const sum = estimates.big(service, Estimate.raw, k);
    const pending = destinations.reduce((total, id) => total + countedOf(tables, id, field) - added(id), 0n);
    if (estimates.big(service, Estimate.raw, k) === sum) return sum + pending;
  }
}
