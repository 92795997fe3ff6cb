// How much a loaded table holds, in the words of `weir load`.
import { Abi, Conf } from '../abi.gen.js';
import type { Tables } from './tables.js';

export interface TableSizes {
  /** What it is made for: half its slots. */
  readonly connections: number;
  readonly services: number;
  readonly destinations: number;
}

/** What the loaded tables are made for. */
export function sizesOf({ conf }: Tables): TableSizes {
  return {
    connections: (conf.get(0, Conf.connBuckets) * Abi.BUCKET_SLOTS) / 2,
    services: conf.get(0, Conf.maxServices),
    destinations: conf.get(0, Conf.maxDests),
  };
}
