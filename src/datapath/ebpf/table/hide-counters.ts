// The counters of a service, of a destination, or of all, as they are shown: from 0 again.
import { Conf, Counters, Dest, Estimate } from '../abi.gen.js';
import type { Tables } from './tables.js';

/** In the order of an estimate's five. */
const COUNTED = [Counters.conns, Counters.inPackets, Counters.outPackets, Counters.inBytes, Counters.outBytes];

/** `estimate`: the record's number. Rates start from 0, too. */
export function hideCounters(tables: Tables, estimate: number): void {
  hide(tables, estimate, (k) => tables.estimates.big(estimate, Estimate.shown, k));
}

/**
 * The same for a service that is added where one was deleted: it starts from 0, and what packets counted for the one before, less than two
 * seconds ago, is hidden with the rest. The estimator adds it only now.
 */
export function hideFormerCounters(tables: Tables, service: number): void {
  const { conf, dests } = tables;
  const former: number[] = [];
  for (let id = 1; id <= conf.get(0, Conf.destTop); id++) if (dests.get(id, Dest.service) === service) former.push(id);
  hide(tables, service, (k) => sumAt(tables, service, former, k));
}

function hide({ estimates }: Tables, estimate: number, zero: (k: number) => bigint): void {
  for (let k = 0; k < Estimate.zero.count; k++) estimates.setBig(estimate, Estimate.zero, zero(k), k);
  estimates.set(estimate, Estimate.zeroAsked, (estimates.get(estimate, Estimate.zeroAsked) + 1) >>> 0);
}

/** A service's sum with what the estimator has not added of its destinations yet; read again where it added some meanwhile. */
function sumAt(tables: Tables, service: number, destinations: readonly number[], k: number): bigint {
  const { estimates } = tables;
  for (;;) {
    const sum = estimates.big(service, Estimate.raw, k);
    const pending = destinations.reduce((total, id) => total + pendingOf(tables, id, k), 0n);
    if (estimates.big(service, Estimate.raw, k) === sum) return sum + pending;
  }
}

function pendingOf({ conf, counters, estimates }: Tables, destination: number, k: number): bigint {
  const cpus = conf.get(0, Conf.cpus);
  const field = COUNTED[k];
  let counted = 0n;
  for (let cpu = 0; field !== undefined && cpu < cpus; cpu++) counted += counters.big(destination * cpus + cpu, field);
  return counted - estimates.big(conf.get(0, Conf.maxServices) + destination, Estimate.raw, k);
}
