// The rates of services and servers, as the datapath's estimates have them, in an order.

import { effectiveWeight } from '../model/drain/effective-weight.js';
import { endpointText } from '../model/endpoint-text.js';
import { listedService } from '../model/listed-service.js';
import type { ServiceEntry, Stats } from '../model/service.js';

/** A second each. */
export interface Rates {
  readonly conns: number;
  readonly inPackets: number;
  readonly outPackets: number;
  readonly inBytes: number;
  readonly outBytes: number;
  /** Connections now. */
  readonly active: number;
  readonly inactive: number;
}

export interface ServerRates extends Rates {
  readonly server: string;
  readonly method: string;
  readonly weight: number;
}

export interface ServiceRates extends Rates {
  readonly service: string;
  readonly scheduler: string;
  readonly servers: readonly ServerRates[];
}

export const SORT_KEYS = ['conns', 'inPackets', 'outPackets', 'inBytes', 'outBytes', 'active', 'inactive', 'name'] as const;
export type SortKey = (typeof SORT_KEYS)[number];

const ratesOf = (stats: Stats, active: number, inactive: number): Rates => ({
  conns: Number(stats.connRate),
  inPackets: Number(stats.inPacketRate),
  outPackets: Number(stats.outPacketRate),
  inBytes: Number(stats.inByteRate),
  outBytes: Number(stats.outByteRate),
  active,
  inactive,
});

const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);

export function serviceRates({ spec, stats, destinations }: ServiceEntry): ServiceRates {
  const servers = destinations.map((each) => ({
    server: endpointText(each.spec),
    method: each.spec.method,
    weight: effectiveWeight(each),
    ...ratesOf(each.stats, each.active, each.inactive),
  }));
  const counted = [sum(destinations.map(({ active }) => active)), sum(destinations.map(({ inactive }) => inactive))] as const;
  return { service: listedService(spec.key), scheduler: spec.scheduler, servers, ...ratesOf(stats, ...counted) };
}

export function totalRates(services: readonly ServiceRates[]): Rates {
  const of = (key: keyof Rates): number => sum(services.map((each) => each[key]));
  return {
    conns: of('conns'),
    inPackets: of('inPackets'),
    outPackets: of('outPackets'),
    inBytes: of('inBytes'),
    outBytes: of('outBytes'),
    active: of('active'),
    inactive: of('inactive'),
  };
}

/** The largest first, names from a to z; those that are equal by their names. */
function inOrder<T extends Rates>(all: readonly T[], key: SortKey, nameOf: (each: T) => string): readonly T[] {
  const byName = (one: T, other: T): number => (nameOf(one) < nameOf(other) ? -1 : 1);
  return [...all].sort((one, other) => (key === 'name' ? 0 : other[key] - one[key]) || byName(one, other));
}

export function sortedRates(services: readonly ServiceRates[], key: SortKey): readonly ServiceRates[] {
  return inOrder(services, key, ({ service }) => service).map((each) => ({
    ...each,
    servers: inOrder(each.servers, key, ({ server }) => server),
  }));
}
