// Another size of the tables by a command, in a bed: what the tests of the builds beside the links' share.
import { Conf, TcpState } from '../../src/datapath/ebpf/abi.gen.js';
import type { DatapathChange } from '../../src/datapath/ebpf/load/datapath-change.js';
import { openDirector } from '../../src/datapath/ebpf/open.js';
import { TCP_STATES } from '../../src/datapath/tcp-state.js';
import { type Bed, openBed } from './bed.js';

/** What the command reports. */
export function resizeTo(bed: Bed, connBuckets?: number): readonly DatapathChange[] {
  const changes: DatapathChange[] = [];
  const capacity = connBuckets === undefined ? {} : { capacity: { connBuckets } };
  openDirector({ ...capacity, report: (change) => changes.push(change) }).close();
  bed.renew();
  return changes;
}

/** TCP connections stay for 15 minutes in every state: also of a SYN, however long the commands take. */
export function stayLong({ tables: { conf } }: Bed): void {
  const established = conf.get(0, Conf.tcpTimeout, TcpState.S_ESTABLISHED);
  for (const state of TCP_STATES.keys()) conf.set(0, Conf.tcpTimeout, established, state);
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
