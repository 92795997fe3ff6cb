// Another size of the tables by a command, in a bed: what the tests of the builds beside the links' share.
import type { DatapathChange } from '../../src/datapath/ebpf/load/datapath-change.js';
import { openDirector } from '../../src/datapath/ebpf/open.js';
import { type Bed, openBed } from './bed.js';

/** What the command reports. */
export function resizeTo(bed: Bed, connBuckets?: number): readonly DatapathChange[] {
  const changes: DatapathChange[] = [];
  const capacity = connBuckets === undefined ? {} : { capacity: { connBuckets } };
  openDirector({ ...capacity, report: (change) => changes.push(change) }).close();
  bed.renew();
  return changes;
}

/** A bed whose tables have so many buckets. */
export function inBedOf(connBuckets: number, work: (bed: Bed) => void): void {
  const bed = openBed({ capacity: { connBuckets } });
  try {
    work(bed);
  } finally {
    bed.close();
  }
}
