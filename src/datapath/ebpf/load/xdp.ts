// The XDP program is loaded when the first interface takes it, onto the pinned maps of the others: until then it costs no time. Where this kernel
// refuses it, tc has all packets (refused-xdp.ts).
//
//   killed before it is pinned     nothing had begun: the next command that finds such an interface loads it
//   killed while it was removed    some interfaces have it: so it counts as loaded, and the next command attaches it to the others again
import { existsSync, rmSync } from 'node:fs';
import { artifact } from '../../../sys/artifact.js';
import { ObjectFile } from '../../../sys/bpf/bpf-objects.js';
import { using } from '../../../sys/fd.js';
import { Conf } from '../abi.gen.js';
import { pinInPlace } from '../pins/pin-in-place.js';
import { QUICK_PINS } from '../table/quick-pins.js';
import { IPV6_XDP_ENTRY_PIN, type Tables } from '../table/tables.js';
import { forgetOtherBuild } from './build-pin.js';
import { returnToXdp } from './fullnat.js';
import { choosePrograms, isXdpLoaded, type LoadOptions, load, PROGRAMS, type ProgramKind, programKinds } from './load.js';
import type { Capacity } from './object.js';
import { loadOnto, tryProgramsOnce } from './programs.js';
import { giveQuickTables } from './quick-tables.js';
import { forgetXdpRefusal, isXdpRefused, type OnNotice, refusalOf, refuseXdp, unlessXdpRefused, xdpComesBack } from './refused-xdp.js';
import { enterShortCuts } from './side-builds.js';

/** The programs that another build must replace. */
export const kindsLoaded = (folder: string): readonly ProgramKind[] => programKinds(isXdpLoaded(folder));

function loadXdp(tables: Tables, onNotice: OnNotice, file: string): void {
  const { folder } = tables;
  tryProgramsOnce(file, tables, ['xdp']);
  using(new ObjectFile(file), (object) => {
    choosePrograms(object, ['xdp']);
    const shared = QUICK_PINS.filter((name) => existsSync(`${folder}/${name}`));
    const pins = Object.fromEntries(shared.map((name) => [name, name]));
    loadOnto(object, folder, tables, { pins, buckets: tables.conf.get(0, Conf.connBuckets), configure: () => {} });
    enterShortCuts(object, tables, onNotice);
    forgetOtherBuild(folder, file);
    for (const name of [IPV6_XDP_ENTRY_PIN, ...QUICK_PINS])
      if (pins[name] === undefined) using(object.map(name), (map) => pinInPlace(map, `${folder}/${name}`));
    giveQuickTables(folder);
    using(object.program(PROGRAMS.xdp), (program) => program.pin(`${folder}/${PROGRAMS.xdp}`));
    returnToXdp(folder);
  });
}

/** `file`: the object. `retry`: try it also where this kernel refused it before. */
export interface XdpOptions {
  readonly file?: string;
  readonly retry?: boolean;
}

/** Loads it where it is missing. False: this kernel refuses it. The caller holds the lock. @throws WeirError pin-missing; others as enterShortCuts */
export function ensureXdp(tables: Tables, onNotice: OnNotice, { file = artifact('weir.bpf.o'), retry = false }: XdpOptions = {}): boolean {
  const { folder } = tables;
  if (isXdpLoaded(folder)) return true;
  const wasRefused = isXdpRefused(folder);
  if (wasRefused && !retry) return false;
  try {
    loadXdp(tables, onNotice, file);
  } catch (error) {
    const why = refusalOf(error);
    if (why === undefined) throw error;
    refuseXdp(folder, why, onNotice);
    return false;
  }
  forgetXdpRefusal(folder);
  if (wasRefused) xdpComesBack(onNotice);
  return true;
}

/** Loads the datapath into an empty namespace; without XDP where this kernel refuses that alone. @throws as load */
export function loadUnlessRefused(
  folder: string,
  capacity: Partial<Capacity> | undefined,
  { kinds = programKinds(true), ...options }: LoadOptions,
  onNotice: OnNotice,
): Tables {
  const { value, refused } = unlessXdpRefused(kinds, (each) => load(folder, capacity, { ...options, kinds: each }));
  if (refused !== undefined) refuseXdp(folder, refused, onNotice);
  return value;
}

/** `detach`: takes it off every interface. */
export function removeXdp(folder: string, detach: () => void): void {
  detach();
  rmSync(`${folder}/${PROGRAMS.xdp}`, { force: true });
  returnToXdp(folder);
}
