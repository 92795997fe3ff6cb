// A bed with an applier, by which what another director has is put into the tables. Each file of these tests is a process, with one bed.
import { after, before } from 'node:test';
import { Conf } from '../../src/datapath/ebpf/abi.gen.js';
import { ConnectionApplier } from '../../src/datapath/ebpf/sync/connection-applier.js';
import { type Bed, openBed, skipReason } from './bed.js';

export const skip = skipReason();
/** Both are there within tests. */
export let bed: Bed;
export let applier: ConnectionApplier;
before(() => {
  if (skip !== false) return;
  bed = openBed({ attach: 'tc', capacity: { connBuckets: 256 } });
  applier = new ConnectionApplier(bed.tables);
});
after(() => {
  if (skip !== false) return;
  applier.close();
  bed.close();
});

let generation = 1000;
/** An applier knows services and servers until they change, and a wiped bed has the numbers of before. */
export function beginGeneration(): void {
  generation += 1000;
  bed.tables.conf.set(0, Conf.generation, generation);
}

export function wipe(): void {
  bed.wipe();
  beginGeneration();
}
