// A build of the programs for tables that are loaded: tried on tables of its own, then loaded onto the pinned maps.
import { existsSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { BpfMap, ObjectFile } from '../../../sys/bpf/bpf-objects.js';
import type { Field } from '../../../sys/bpf/records.js';
import { using } from '../../../sys/fd.js';
import { Conf } from '../abi.gen.js';
import { requiredPin } from '../pins/required-pin.js';
import { idleOfOtherLayout, pinnedLayouts } from '../table/layout.js';
import { NOT_SHARED, PINNED_MAPS, type Tables } from '../table/tables.js';
import { choosePrograms, loadTried, type ProgramKind } from './load.js';
import { type Capacity, configure, loadObject, sizesOf } from './object.js';
import { onceTried, type Preparation, triedFolder } from './once-tried.js';
import { type Taken, unlessXdpRefused } from './refused-xdp.js';
import { type LinkVector, makeVectors } from './vectors/ipv4.js';

/** The self-check's own tables are small. */
export const TRIAL: Capacity = { connTabBits: 8, maxServices: 64, maxDestinations: 64, connBuckets: 4096 };

/** What a build needs that knows more maps than those of every build. `object` is not loaded yet. */
export interface Extra {
  /** The pins of its maps, where they differ from the maps' names; undefined: it makes that map itself. */
  readonly pins: Readonly<Record<string, string | undefined>>;
  readonly buckets: number;
  /** Slots for templates; undefined: it shares the table of the others. */
  readonly templates?: number;
  configure(object: ObjectFile): void;
}

/** The three hash keys of the loaded tables, 8 bytes each, little-endian. */
export function hashKeys({ conf }: Tables): readonly Uint8Array[] {
  return [0, 1, 2].map((i) => {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setBigUint64(0, conf.big(0, Conf.hashKey, i), true);
    return bytes;
  });
}

function tryPrograms(
  file: string,
  tables: Tables,
  kinds: readonly ProgramKind[],
  vectors: readonly LinkVector[],
  preparation?: Preparation,
): void {
  using(new ObjectFile(file), (trial) => {
    preparation?.prepare(trial);
    loadTried(trial, TRIAL, sizesOf(TRIAL), hashKeys(tables), { kinds, vectors });
  });
}

/** Loads programs of the object beside those that run, and checks them, unless this machine's kernel has done the same right before. @throws as loadTried */
export function tryProgramsOnce(file: string, tables: Tables, kinds: readonly ProgramKind[], preparation?: Preparation): void {
  const vectors = makeVectors();
  const what = JSON.stringify([vectors, preparation?.name]);
  const name = [basename(file), ...kinds].join('+');
  onceTried(triedFolder(tables), name, [readFileSync(file), what], () => tryPrograms(file, tables, kinds, vectors, preparation));
}

/** Maps that the build which loaded the tables did not have, and that are not pinned yet: the object's own are. */
function newMaps(folder: string, tables: Tables): readonly string[] {
  const known = pinnedLayouts(tables);
  if (known === undefined) return [];
  return PINNED_MAPS.filter((name) => !NOT_SHARED.has(name) && known[name] === undefined && !existsSync(`${folder}/${name}`));
}

/** What programs on the links bring: new maps, and those that take the place of idle ones of another layout. The other programs get what is pinned. */
export function mapsToMake(folder: string, tables: Tables): readonly string[] {
  const known = pinnedLayouts(tables);
  return known === undefined ? [] : [...new Set([...newMaps(folder, tables), ...idleOfOtherLayout(folder, known)])];
}

/** Loads it with the constants and the maps of the running programs. `missing`: maps that are the object's own. */
export function loadOnto(
  object: ObjectFile,
  folder: string,
  tables: Tables,
  extra?: Extra,
  missing: readonly string[] = newMaps(folder, tables),
): void {
  const { conf } = tables;
  const was = (field: Field): number => conf.get(0, field);
  const capacity = { connTabBits: was(Conf.connTabBits), maxServices: was(Conf.maxServices), maxDestinations: was(Conf.maxDests) };
  const buckets = extra?.buckets ?? was(Conf.connBuckets);
  const sizes = {
    buckets,
    endpointBuckets: was(Conf.endpointBuckets),
    cpus: was(Conf.cpus),
    templates: extra?.templates ?? was(Conf.templates),
  };
  configure(object, capacity, sizes, hashKeys(tables));
  extra?.configure(object);
  const shared = PINNED_MAPS.filter((each) => !NOT_SHARED.has(each) && !missing.includes(each)).map((name) => [name, name] as const);
  for (const [name, pin] of Object.entries({ ...Object.fromEntries(shared), ...extra?.pins })) {
    if (pin === undefined) continue;
    const map = requiredPin(`${folder}/${pin}`, BpfMap.pinned);
    try {
      object.reuseMap(name, map);
    } finally {
      map.close();
    }
  }
  loadObject(object);
}

/** Programs that were tried, and are loaded onto the maps that are pinned. */
export interface LoadedPrograms {
  readonly object: ObjectFile;
  readonly kinds: readonly ProgramKind[];
}

/** Tries programs and loads them as loadOnto; without XDP's where this kernel refuses that alone. The caller closes the object. @throws as loadTried */
export function loadForLinks(
  file: string,
  tables: Tables,
  wanted: readonly ProgramKind[],
  preparation?: Preparation,
  extra?: Extra,
): Taken<LoadedPrograms> {
  return unlessXdpRefused(wanted, (kinds) => {
    tryProgramsOnce(file, tables, kinds, preparation);
    const object = new ObjectFile(file);
    try {
      choosePrograms(object, kinds);
      loadOnto(object, tables.folder, tables, extra, mapsToMake(tables.folder, tables));
      return { object, kinds };
    } catch (error) {
      object.close();
      throw error;
    }
  });
}
