// XDP's program on the links writes plain tunnels, and requests by FULLNAT whose flow is leased, itself. It finds the tables of these programs by arrays of one
// place, which are empty until a table is made: then, as for what is not plain, packets go on into those programs (tunnels.ts, fullnat.ts). Programs on the
// links that are loaded together have one set of arrays, which is pinned; XDP's, where it comes later, gets that one.
//
//   killed before a pinned array got its table     packets go on into the other programs, as before; the next load fills its own
import { existsSync } from 'node:fs';
import { BpfMap, type ObjectFile } from '../../../sys/bpf/bpf-objects.js';
import { u32 } from '../../../sys/bpf/records.js';
import { unlessCode } from '../../../sys/errno.js';
import { using } from '../../../sys/fd.js';
import { FullnatLeaseSet } from '../fullnat.gen.js';
import { LEASES_PIN, QUICK_PINS, type QuickPin } from '../table/quick-pins.js';
import { POOLS_PIN, TUNNEL_SOURCES_PIN } from '../table/tables.js';
import { TunnelSource } from '../tunnel.gen.js';

/** The pin of the table that is in the place of each array. */
const TABLE_OF: Readonly<Record<QuickPin, string>> = {
  quick_sources: TUNNEL_SOURCES_PIN,
  quick_leases: LEASES_PIN,
  quick_pools: POOLS_PIN,
};

const BUCKETS_A_SET = 2;
/** Sets of leases beside a connection table: half as many as that has buckets. */
export const leaseSets = (buckets: number): number => Math.max(1, buckets / BUCKETS_A_SET);

/** Has the object an array with this name? It is not loaded yet. */
const hasArray = (object: ObjectFile, name: string): boolean =>
  unlessCode(() => object.mapEntries(name, 1) !== undefined, ['ENOENT'], false);

/** Gives the object an array for a table of this size: the kernel puts no other into it. */
function shapeArray(object: ObjectFile, pin: QuickPin, bytes: number, entries: number): void {
  if (!hasArray(object, pin)) return;
  using(BpfMap.createArray(TABLE_OF[pin], bytes, entries), (shape) =>
    using(BpfMap.createArrayOfMaps(pin, shape, 1), (array) => object.reuseMap(pin, array)),
  );
}

/** Gives an object with XDP's program, which is not loaded yet, its arrays; that of pools has one size. @throws WeirError bpf-table-refused */
export function shapeQuickTables(object: ObjectFile, maxDestinations: number, buckets: number): void {
  shapeArray(object, 'quick_sources', TunnelSource.bytes, maxDestinations);
  shapeArray(object, 'quick_leases', FullnatLeaseSet.bytes, leaseSets(buckets));
}

/** Puts the tables that are there into the arrays of XDP's program on the links; a build before this one has none. `folder`: of their pins. */
export function giveQuickTables(folder: string): void {
  for (const pin of QUICK_PINS) {
    const [array, table] = [`${folder}/${pin}`, `${folder}/${TABLE_OF[pin]}`];
    if (!existsSync(array) || !existsSync(table)) continue;
    const give = (into: BpfMap): void => using(BpfMap.pinned(table), (from) => into.update(u32(0), u32(from.fd.number)));
    // One of another size is made again with the programs that have it (installPrograms), and given then.
    unlessCode(() => using(BpfMap.pinned(array), give), ['EINVAL'], undefined);
  }
}
