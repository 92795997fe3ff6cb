// What passed this director an hour ago: of the samples that the API has kept, one a minute.
import type { TrafficHistory } from './api-values.js';

const [MS_PER_S, HOUR_MS] = [1000, 3_600_000] as const;
/** A minute that is farther from the hour is another one. */
const AWAY_MAX_MS = 150_000;

export interface Rates {
  /** Of the minute that began then, ms since 1970. */
  readonly at: number;
  readonly connections: number;
  readonly packetsIn: number;
  readonly bytesIn: number;
  readonly dropped: number;
}

type Sample = TrafficHistory['samples'][number];

function ratesBetween(from: Sample, to: Sample): Rates {
  const at = Date.parse(from.at);
  const seconds = (Date.parse(to.at) - at) / MS_PER_S;
  const rate = (before: string, after: string): number => Number(BigInt(after) - BigInt(before)) / seconds;
  return {
    at,
    connections: rate(from.totals.connections, to.totals.connections),
    packetsIn: rate(from.totals.packets_in, to.totals.packets_in),
    bytesIn: rate(from.totals.bytes_in, to.totals.bytes_in),
    dropped: rate(from.dropped, to.dropped),
  };
}

/** The last whole minute, and that of an hour before it; undefined: the API has not seen it. */
export function minutesOf({ samples }: TrafficHistory): { readonly last: Rates | undefined; readonly hourAgo: Rates | undefined } {
  const minutes = samples.slice(1).map((to, index) => ratesBetween(samples[index] as Sample, to));
  const last = minutes.at(-1);
  if (last === undefined) return { last, hourAgo: undefined };
  const distance = ({ at }: Rates): number => Math.abs(last.at - HOUR_MS - at);
  const [nearest] = minutes.toSorted((a, b) => distance(a) - distance(b));
  return { last, hourAgo: nearest !== undefined && distance(nearest) <= AWAY_MAX_MS ? nearest : undefined };
}
