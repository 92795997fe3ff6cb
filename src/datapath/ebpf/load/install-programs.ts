// Puts programs that are loaded onto the pinned maps on every link, in the place of the programs before.
import { using } from '../../../sys/fd.js';
import { pinBeside, pinInPlace } from '../pins/pin-in-place.js';
import { exchangeSwitch } from '../switch/switch-programs.js';
import { noteFragmentServers } from '../table/fragment-servers.js';
import { ENTRY_PINS, FRAGMENT_SERVERS_PIN, NOT_SHARED } from '../table/tables.js';
import type { AttachedInterfaces } from './attached-interfaces.js';
import { forgetBuild } from './build-pin.js';
import { exchangeFullnat } from './fullnat.js';
import { PROGRAMS, runHousekeeping } from './load.js';
import { type LoadedPrograms, mapsToMake } from './programs.js';
import { giveQuickTables } from './quick-tables.js';
import { enterShortCuts, enterSideBuilds, type Sides, trySideBuilds } from './side-builds.js';
import { exchangeTunnels } from './tunnels.js';
import { removeXdp } from './xdp.js';

/**
 * `sides`: of the builds beside these. XDP's program, if it is not one of these, is taken off the links. The builds beside it that are loaded are loaded again behind these programs.
 * From the first step on that packets or timers can meet, no pin names a build, until the caller makes one.
 * @throws as ensureSideBuilds
 */
export function installPrograms(
  { object, kinds }: LoadedPrograms,
  folder: string,
  interfaces: AttachedInterfaces,
  sides: Sides = {},
): void {
  const missing = mapsToMake(folder, interfaces.tables);
  trySideBuilds(interfaces.tables, sides);
  interfaces.lookAtSourceRules();
  forgetBuild(folder);
  // First, so that the builds beside it share them.
  for (const name of missing) using(object.map(name), (map) => pinInPlace(map, `${folder}/${name}`));
  if (missing.includes(FRAGMENT_SERVERS_PIN)) noteFragmentServers(interfaces.tables);
  const behind = enterSideBuilds(object, interfaces.tables, sides);
  if (kinds.includes('xdp')) enterShortCuts(object, interfaces.tables, interfaces.onNotice, sides);
  exchangeTunnels(interfaces.tables, sides.fileOf);
  exchangeFullnat(interfaces.tables, sides.fileOf);
  // The kernel empties an array of programs when its last pin goes: those of before stay in place until no link has their programs.
  const entries = ENTRY_PINS.map((name) => using(object.map(name), (map) => pinBeside(map, `${folder}/${name}`)));
  for (const name of NOT_SHARED) if (!ENTRY_PINS.includes(name)) using(object.map(name), (map) => pinInPlace(map, `${folder}/${name}`));
  giveQuickTables(folder);
  // From here on tc has all packets, by the old programs as by these.
  if (!kinds.includes('xdp')) removeXdp(folder, () => interfaces.detachXdp());
  for (const kind of kinds) using(object.program(PROGRAMS[kind]), (program) => pinInPlace(program, `${folder}/${PROGRAMS[kind]}`));
  interfaces.exchange();
  const housekeeping = object.program(PROGRAMS.housekeeping);
  try {
    runHousekeeping(housekeeping); // gives the timer its new code
  } finally {
    housekeeping.close();
  }
  exchangeSwitch(interfaces.tables, sides);
  for (const replace of [...entries, ...behind]) replace();
}
