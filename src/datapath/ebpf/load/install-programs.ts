// Puts programs that are loaded onto the pinned maps on every link, in the place of the programs before.
import { readdirSync, rmSync } from 'node:fs';
import type { ObjectFile } from '../../../sys/bpf/bpf-objects.js';
import { using } from '../../../sys/fd.js';
import { pinInPlace } from '../pins/pin-in-place.js';
import { IPV6_ENTRY_PIN, NOT_SHARED } from '../table/tables.js';
import type { AttachedInterfaces } from './attached-interfaces.js';
import { enterIpv6, isIpv6Loaded } from './ipv6.js';
import { BUILD_PIN, PROGRAMS, runHousekeeping } from './load.js';
import { mapsToMake } from './programs.js';
import { kindsLoaded } from './xdp.js';

/** Where IPv6 is loaded, its programs are loaded again behind these. From the first step on, no pin names a build, until the caller makes one. */
export function installPrograms(object: ObjectFile, folder: string, interfaces: AttachedInterfaces): void {
  const missing = mapsToMake(folder, interfaces.tables);
  if (isIpv6Loaded(folder)) using(object.map(IPV6_ENTRY_PIN), (entry) => enterIpv6(entry, interfaces.tables));
  for (const name of readdirSync(folder)) if (name.startsWith(BUILD_PIN)) rmSync(`${folder}/${name}`);
  for (const name of [...NOT_SHARED, ...missing]) using(object.map(name), (map) => pinInPlace(map, `${folder}/${name}`));
  for (const kind of kindsLoaded(folder))
    using(object.program(PROGRAMS[kind]), (program) => pinInPlace(program, `${folder}/${PROGRAMS[kind]}`));
  interfaces.exchange();
  const housekeeping = object.program(PROGRAMS.housekeeping);
  try {
    runHousekeeping(housekeeping); // gives the timer its new code
  } finally {
    housekeeping.close();
  }
}
