// Replaces the programs of another build with the same tables by this build's, under traffic: the maps are reused, and every link gets its
// new program in one step. Killed half way, programs of both builds run on the same tables, and no pin names a build: the
// next exchange, by any build, does all of it again.
import { existsSync } from 'node:fs';
import { artifact } from '../../../sys/artifact.js';
import { ObjectFile } from '../../../sys/bpf/bpf-objects.js';
import type { Tables } from '../table/tables.js';
import type { AttachedInterfaces } from './attached-interfaces.js';
import { buildPin } from './build-pin.js';
import { installPrograms } from './install-programs.js';
import { choosePrograms, PROGRAMS } from './load.js';
import { loadOnto, tryProgramsOnce } from './programs.js';
import { kindsLoaded } from './xdp.js';

/**
 * False: this build's programs run already, those beside the links' too. The caller holds the lock and has compared the layout. `file`: the
 * object of those on the links.
 * @throws as load; the old programs go on then
 */
export function exchangePrograms(
  folder: string,
  tables: Tables,
  interfaces: AttachedInterfaces,
  file: string = artifact('weir.bpf.o'),
): boolean {
  const build = `${folder}/${buildPin(file)}`;
  if (existsSync(build)) return false;
  const kinds = kindsLoaded(folder);
  tryProgramsOnce(file, tables, kinds);
  const object = new ObjectFile(file);
  try {
    choosePrograms(object, kinds);
    loadOnto(object, folder, tables);
    installPrograms(object, folder, interfaces);
    const housekeeping = object.program(PROGRAMS.housekeeping);
    try {
      housekeeping.pin(build);
    } finally {
      housekeeping.close();
    }
  } finally {
    object.close();
  }
  return true;
}
