// The counters of a service, of a destination, or of all, as they are shown: from 0 again.
import { Conf, Counters, Estimate } from '../abi.gen.js';
import type { Tables } from './tables.js';

/** In the order of an estimate's five. */
const COUNTED = [Counters.conns, Counters.inPackets, Counters.outPackets, Counters.inBytes, Counters.outBytes];

/** `estimate`: the record's number. Rates start from 0, too. */
export function hideCounters(tables: Tables, estimate: number): void {
  hide(tables, estimate, (k) => tables.estimates.big(estimate, Estimate.shown, k));
}

/**
 * Of a service that is deleted and its destinations: what packets have counted in the last two seconds, which the estimator adds later, is hidden, too. So
 * they start from 0 when they come back.
 */
export function hideAllCounted(tables: Tables, service: number, destinations: readonly number[]): void {
  for (const id of destinations) hide(tables, estimateOf(tables, id), (k) => countedOf(tables, id, k));
  hide(tables, service, (k) => sumAt(tables, service, destinations, k));
}

/** Never less than is hidden already: that may still have to be added. */
function hide({ estimates }: Tables, estimate: number, zero: (k: number) => bigint): void {
  for (let k = 0; k < Estimate.zero.count; k++) {
    const [before, now] = [estimates.big(estimate, Estimate.zero, k), zero(k)];
    if (now > before) estimates.setBig(estimate, Estimate.zero, now, k);
  }
  estimates.set(estimate, Estimate.zeroAsked, (estimates.get(estimate, Estimate.zeroAsked) + 1) >>> 0);
}

/** The number of a destination's estimate. */
const estimateOf = ({ conf }: Tables, destination: number): number => conf.get(0, Conf.maxServices) + destination;

/** A service's sum with what the estimator has not added of its destinations yet; read again where it added some meanwhile. */
function sumAt(tables: Tables, service: number, destinations: readonly number[], k: number): bigint {
  const { estimates } = tables;
  const added = (id: number): bigint => estimates.big(estimateOf(tables, id), Estimate.raw, k);
  for (;;) {
    const sum = estimates.big(service, Estimate.raw, k);
    const pending = destinations.reduce((total, id) => total + countedOf(tables, id, k) - added(id), 0n);
    if (estimates.big(service, Estimate.raw, k) === sum) return sum + pending;
  }
}

/** By packets, on all CPUs. */
function countedOf({ conf, counters }: Tables, destination: number, k: number): bigint {
  const [cpus, field] = [conf.get(0, Conf.cpus), COUNTED[k]];
  let counted = 0n;
  for (let cpu = 0; field !== undefined && cpu < cpus; cpu++) counted += counters.big(destination * cpus + cpu, field);
  return counted;
}
