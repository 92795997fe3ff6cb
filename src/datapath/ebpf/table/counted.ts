// What packets have counted for a destination, and where the estimator keeps its sums.
import type { Field } from '../../../sys/bpf/records.js';
import { Conf } from '../abi.gen.js';
import type { Tables } from './tables.js';

/** On all CPUs, until now. `field`: of Counters. */
export function countedOf({ conf, counters }: Tables, destination: number, field: Field): bigint {
  const cpus = conf.get(0, Conf.cpus);
  let counted = 0n;
  for (let cpu = 0; cpu < cpus; cpu++) counted += counters.big(destination * cpus + cpu, field);
  return counted;
}

/** The number of a destination's estimate; that of a service is its own. */
export const estimateOf = ({ conf }: Tables, destination: number): number => conf.get(0, Conf.maxServices) + destination;
