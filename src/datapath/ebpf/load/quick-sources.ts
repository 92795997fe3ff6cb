// XDP's program on the links writes plain tunnels itself. It finds their outer sources by an array of one place, which is empty until the table of sources is
// made: then, as for what is not plain, packets go on into the program of tunnels (tunnels.ts). Each load of that program has an array of its own; the pinned
// one is that of the program on the links.
//
//   killed before a pinned array got the table     packets go on into the program of tunnels, as before; the next load fills its own
import { existsSync } from 'node:fs';
import { BpfMap, type ObjectFile } from '../../../sys/bpf/bpf-objects.js';
import { u32 } from '../../../sys/bpf/records.js';
import { using } from '../../../sys/fd.js';
import { QUICK_SOURCES_PIN, TUNNEL_SOURCES_PIN } from '../table/tables.js';
import { TunnelSource } from '../tunnel.gen.js';

/** The table of sources: all 0. `entries`: destinations. @throws WeirError bpf-table-refused */
export const makeSources = (entries: number): BpfMap => BpfMap.createArray(TUNNEL_SOURCES_PIN, TunnelSource.bytes, entries);

/** Gives an object that is not loaded yet its array, for tables of so many destinations: the kernel puts no others into it. @throws as makeSources */
export function shapeQuickSources(object: ObjectFile, entries: number): void {
  using(makeSources(entries), (shape) =>
    using(BpfMap.createArrayOfMaps(QUICK_SOURCES_PIN, shape, 1), (array) => object.reuseMap(QUICK_SOURCES_PIN, array)),
  );
}

/** Puts the table of sources, where it is there, into the array of XDP's program on the links; a build before this one has none. `folder`: of their pins. */
export function giveSources(folder: string): void {
  const [array, sources] = [`${folder}/${QUICK_SOURCES_PIN}`, `${folder}/${TUNNEL_SOURCES_PIN}`];
  if (!existsSync(array) || !existsSync(sources)) return;
  using(BpfMap.pinned(array), (into) => using(BpfMap.pinned(sources), (table) => into.update(u32(0), u32(table.fd.number))));
}
