// The programs of FULLNAT: loaded when the first such destination comes, onto the pinned maps of the others. The program on the links enters them by
// an array, which is empty until then, and by which replies come back to it. They have no connections, so that nothing moves when they are exchanged.
//
//   killed before the array was filled           no destination was added: the next one loads them again
//   killed while programs were exchanged         no pin names a build: the next exchange does all of it again
import { existsSync } from 'node:fs';
import { artifact } from '../../../sys/artifact.js';
import { BpfMap, ObjectFile, Program } from '../../../sys/bpf/bpf-objects.js';
import { u32 } from '../../../sys/bpf/records.js';
import { using } from '../../../sys/fd.js';
import { Abi, Conf } from '../abi.gen.js';
import { FullnatProgram } from '../fullnat.gen.js';
import { pinInPlace } from '../pins/pin-in-place.js';
import { requiredPin } from '../pins/required-pin.js';
import { FULLNAT_PINS, FULLNAT_TC_PIN, type Tables } from '../table/tables.js';
import { forgetOtherBuild } from './build-pin.js';
import { PROGRAMS, runHousekeeping } from './load.js';
import { type Extra, loadOnto } from './programs.js';
import type { FileOf } from './short-cut.js';

const FILE = 'weir-fullnat.bpf.o';
const ENTRIES = [
  ['weir_fullnat_reply', FullnatProgram.FULLNAT_REPLY],
  ['weir_fullnat_request', FullnatProgram.FULLNAT_REQUEST],
] as const;
const TIMER = 'weir_fullnat_timer';

const withArray = <T>(folder: string, work: (array: BpfMap) => T): T =>
  using(requiredPin(`${folder}/${FULLNAT_TC_PIN}`, BpfMap.pinned), work);

/** Are they loaded? The request's place is filled last. */
const isFullnatEntered = (folder: string): boolean =>
  existsSync(`${folder}/${FULLNAT_TC_PIN}`) && withArray(folder, (array) => array.lookup(u32(FullnatProgram.FULLNAT_REQUEST), u32(0)));

const pinsOf = (folder: string): Readonly<Record<string, string | undefined>> =>
  Object.fromEntries(FULLNAT_PINS.map((name) => [name, existsSync(`${folder}/${name}`) ? name : undefined]));

function mapsFor({ folder, conf }: Tables): Extra {
  const buckets = conf.get(0, Conf.connBuckets);
  return {
    buckets,
    pins: { housekeeping: undefined, ...pinsOf(folder) },
    configure: (object) => {
      object.mapEntries('fullnat_dests', conf.get(0, Conf.maxDests)).mapEntries('fullnat_clients', buckets * Abi.BUCKET_SLOTS);
    },
  };
}

/** The program on the links to which replies come back from their flows. */
function fillReturn(array: BpfMap, program: Program): void {
  array.update(u32(FullnatProgram.FULLNAT_RETURN), u32(program.fd.number));
}

function enter(tables: Tables, fileOf: FileOf): void {
  const { folder } = tables;
  using(new ObjectFile(fileOf(FILE)), (object) => {
    loadOnto(object, folder, tables, mapsFor(tables));
    for (const name of FULLNAT_PINS)
      if (!existsSync(`${folder}/${name}`)) using(object.map(name), (map) => pinInPlace(map, `${folder}/${name}`));
    using(object.program(TIMER), runHousekeeping);
    withArray(folder, (array) => {
      using(requiredPin(`${folder}/${PROGRAMS.ingress}`, Program.pinned), (program) => fillReturn(array, program));
      for (const [name, place] of ENTRIES) using(object.program(name), (program) => array.update(u32(place), u32(program.fd.number)));
    });
  });
}

/**
 * Loads what a destination by FULLNAT needs and is missing. The caller holds the lock.
 * @throws WeirError kernel-refuses-datapath, pin-missing, bpf-table-refused, timer-not-started
 */
export function ensureFullnat(tables: Tables, fileOf: FileOf = artifact): void {
  if (isFullnatEntered(tables.folder)) return;
  forgetOtherBuild(tables.folder);
  enter(tables, fileOf);
}

/** Puts this build's programs into the places of those that are loaded. @throws as ensureFullnat */
export function exchangeFullnat(tables: Tables, fileOf: FileOf = artifact): void {
  if (isFullnatEntered(tables.folder)) enter(tables, fileOf);
}

/** From here on replies come back to this program on the links. */
export function returnTo(folder: string, ingress: Program): void {
  if (isFullnatEntered(folder)) withArray(folder, (array) => fillReturn(array, ingress));
}
