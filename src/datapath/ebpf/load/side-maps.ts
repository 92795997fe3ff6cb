// The maps of a build beside those on the links, and the arrays of programs that packets enter one by.
import { existsSync } from 'node:fs';
import { BpfMap, type ObjectFile, type Program } from '../../../sys/bpf/bpf-objects.js';
import { u32 } from '../../../sys/bpf/records.js';
import { using } from '../../../sys/fd.js';
import { requiredPin } from '../pins/required-pin.js';
import { TABLE_PIN } from '../table/tables.js';
import type { Extra } from './programs.js';

/** The pins of a build's maps, by their names in it. */
export interface SidePins {
  readonly conns: string;
  readonly housekeeping: string;
  readonly client_hops?: string;
  readonly templates?: string;
}

export interface HasPins {
  readonly pins: SidePins;
}

/** Maps that a build makes itself where they are not pinned yet: hash maps, whose entries cost nothing until there are some. */
export interface MakesMaps {
  readonly makes?: readonly string[];
}

interface HoldsControls {
  readonly helpsFtp?: object;
  readonly behind?: HasPins;
}

/** Where control connections are that the helper for FTP holds: in the table of another build. */
const controlsOf = ({ behind, helpsFtp }: HoldsControls): Readonly<Record<string, string>> =>
  helpsFtp === undefined ? {} : { conns_exact: behind?.pins.conns ?? TABLE_PIN };

/** The pins of those that are there, and of another build's map that it reads. `isBridge`: of its bridging build, which reads none. */
export function sharedPins(build: MakesMaps & HoldsControls, folder: string, isBridge: boolean): Readonly<Record<string, string>> {
  const made = (build.makes ?? []).filter((name) => existsSync(`${folder}/${name}`));
  return { ...Object.fromEntries(made.map((name) => [name, name])), ...(isBridge ? {} : controlsOf(build)) };
}

/** Pins those of the loaded object that were not there. */
export function pinMade({ makes = [] }: MakesMaps, object: ObjectFile, folder: string): void {
  for (const name of makes) if (!existsSync(`${folder}/${name}`)) using(object.map(name), (map) => map.pin(`${folder}/${name}`));
}

/** How many entries the pinned map has. @throws SystemError ENOENT */
export const entriesOf = (folder: string, pin: string): number =>
  using(requiredPin(`${folder}/${pin}`, BpfMap.pinned), (map) => map.info().maxEntries);

/** Slots for templates, where it has a table of its own for them. */
export const templatesOf = ({ pins: { templates } }: HasPins, folder: string): { readonly templates?: number } =>
  templates === undefined ? {} : { templates: entriesOf(folder, templates) };

/** Few connections of a mark are SCTP's: where a table is made for them alone, this part of the places is enough. */
const MARKED_SCTP_SHARE = 16;
const MARKED_SCTP_BUCKETS_MIN = 4096;

/** Buckets of a table of SCTP that has marks alone, where the other tables have `buckets`. */
export const markedBuckets = (buckets: number): number => Math.min(buckets, Math.max(buckets / MARKED_SCTP_SHARE, MARKED_SCTP_BUCKETS_MIN));

/** The maps of the others, as they are. */
export const mapsOf = (build: HasPins, folder: string): Omit<Extra, 'pins'> => ({
  buckets: entriesOf(folder, build.pins.conns),
  ...templatesOf(build, folder),
  configure: () => {},
});

/** One that has no such place is of programs that do not go by it: of another build. */
const having = (arrays: readonly BpfMap[], place: number): readonly BpfMap[] => arrays.filter((array) => place < array.info().maxEntries);

/** Puts it into arrays. */
export type Fill = (arrays: readonly BpfMap[], place: number, program: Program) => void;

/** What packets must come to: where no array has such a place, that is an error. */
export const fill: Fill = (arrays, place, program) => {
  const found = having(arrays, place);
  for (const array of found.length > 0 ? found : arrays) array.update(u32(place), u32(program.fd.number));
};

/** In the place of the program that packets come to: where no array has such a place, none do. */
export const refill: Fill = (arrays, place, program) => {
  for (const array of having(arrays, place)) array.update(u32(place), u32(program.fd.number));
};

/** The result of `work` with these maps, which are closed afterwards whatever happens. */
export function usingAll<T>(arrays: readonly BpfMap[], work: (arrays: readonly BpfMap[]) => T): T {
  try {
    return work(arrays);
  } finally {
    for (const array of arrays) array.close();
  }
}
