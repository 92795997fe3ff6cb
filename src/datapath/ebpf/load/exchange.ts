// Replaces the programs of another build with the same tables by this build's, under traffic: the maps are reused, and every link gets its
// new program in one step. Killed half way, programs of both builds run on the same tables, and no pin names a build: the
// next exchange, by any build, does all of it again. Where this kernel refuses the new program of XDP, the old one is taken off the links.
import { existsSync } from 'node:fs';
import { artifact } from '../../../sys/artifact.js';
import { using } from '../../../sys/fd.js';
import type { Tables } from '../table/tables.js';
import type { AttachedInterfaces } from './attached-interfaces.js';
import { buildPin } from './build-pin.js';
import { installPrograms } from './install-programs.js';
import { PROGRAMS } from './load.js';
import { loadForLinks } from './programs.js';
import { forgetXdpRefusal, refuseXdp } from './refused-xdp.js';
import type { FileOf } from './short-cut.js';
import { kindsLoaded } from './xdp.js';

/**
 * False: this build's programs run already, those beside the links' too. The caller holds the lock and has compared the layout. `file`: the
 * object of those on the links. `fileOf`: where
 * the others are.
 * @throws as load; the old programs go on then
 */
export function exchangePrograms(
  folder: string,
  tables: Tables,
  interfaces: AttachedInterfaces,
  file: string = artifact('weir.bpf.o'),
  fileOf: FileOf = artifact,
): boolean {
  const build = `${folder}/${buildPin(file, fileOf)}`;
  if (existsSync(build)) return false;
  const { value, refused } = loadForLinks(file, tables, kindsLoaded(folder));
  return using(value.object, (object) => {
    if (refused !== undefined) refuseXdp(folder, refused, interfaces.onNotice);
    installPrograms(value, folder, interfaces, { fileOf });
    if (value.kinds.includes('xdp')) forgetXdpRefusal(folder);
    using(object.program(PROGRAMS.housekeeping), (housekeeping) => housekeeping.pin(build));
    return true;
  });
}
