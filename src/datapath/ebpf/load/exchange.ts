// Replaces the programs of another build with the same tables by this build's, under traffic: the maps are reused, and every link gets its
// new program in one step. Killed half way, programs of both builds run on the same tables, and no pin names a build: the
// next exchange, by any build, does all of it again.
import { existsSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { artifact } from '../../../sys/artifact.js';
import { BpfMap, ObjectFile } from '../../../sys/bpf/bpf-objects.js';
import type { Field } from '../../../sys/bpf/records.js';
import { Conf } from '../abi.gen.js';
import { requiredPin } from '../pins/required-pin.js';
import { NOT_SHARED, PINNED_MAPS, type Tables } from '../table/tables.js';
import type { AttachedInterfaces } from './attached-interfaces.js';
import { BUILD_PIN, buildPin, loadTried, PROGRAMS, runHousekeeping } from './load.js';
import { type Capacity, configure, loadObject, sizesOf } from './object.js';

/** The self-check's own tables are small. */
const TRIAL: Capacity = { connTabBits: 8, maxServices: 64, maxDestinations: 64, connBuckets: 4096 };

/**
 * False: this build's programs run already. The caller holds the lock and has compared the layout. `file`: the object.
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
  const keys = hashKeys(tables);
  const trial = new ObjectFile(file);
  try {
    loadTried(trial, TRIAL, sizesOf(TRIAL), keys);
  } finally {
    trial.close();
  }
  const object = new ObjectFile(file);
  try {
    loadOnto(object, folder, tables, keys);
    for (const name of readdirSync(folder)) if (name.startsWith(BUILD_PIN)) rmSync(`${folder}/${name}`);
    for (const name of NOT_SHARED) pinInPlace(object.map(name), `${folder}/${name}`);
    for (const name of Object.values(PROGRAMS)) pinInPlace(object.program(name), `${folder}/${name}`);
    interfaces.exchange();
    const housekeeping = object.program(PROGRAMS.housekeeping);
    try {
      runHousekeeping(housekeeping); // gives the timer its new code
      housekeeping.pin(build);
    } finally {
      housekeeping.close();
    }
  } finally {
    object.close();
  }
  return true;
}

function hashKeys({ conf }: Tables): readonly Uint8Array[] {
  return [0, 1, 2].map((i) => {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setBigUint64(0, conf.big(0, Conf.hashKey, i), true);
    return bytes;
  });
}

/** Loads it with the constants and the maps of the running programs. */
function loadOnto(object: ObjectFile, folder: string, { conf }: Tables, keys: readonly Uint8Array[]): void {
  const was = (field: Field): number => conf.get(0, field);
  const capacity = { connTabBits: was(Conf.connTabBits), maxServices: was(Conf.maxServices), maxDestinations: was(Conf.maxDests) };
  const sizes = { buckets: was(Conf.connBuckets), endpointBuckets: was(Conf.endpointBuckets), cpus: was(Conf.cpus) };
  configure(object, capacity, sizes, keys);
  for (const name of PINNED_MAPS.filter((each) => !NOT_SHARED.has(each))) {
    const map = requiredPin(`${folder}/${name}`, BpfMap.pinned);
    try {
      object.reuseMap(name, map);
    } finally {
      map.close();
    }
  }
  loadObject(object);
}

/** Replaces a pin in one step: there is one at any moment. */
function pinInPlace(thing: { pin(path: string): void; close(): void }, path: string): void {
  const beside = `${path}_new`;
  try {
    rmSync(beside, { force: true });
    thing.pin(beside);
  } finally {
    thing.close();
  }
  renameSync(beside, path);
}
