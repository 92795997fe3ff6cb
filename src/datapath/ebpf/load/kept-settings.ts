// What a user may have set on an empty table outlives a load with other sizes (resize.ts), wherever that is killed or refused: the old record of
// settings stays pinned under a second name until the new one has the settings.
//
//   killed before the old tables end    the second name is not read: a load in their place begins with a new one
//   killed before the new ones are      the next command loads with the settings and the sizes that were
//   killed before the name is removed   the next command removes it (resize.ts), as `weir unload` does before the tables end
import { existsSync, rmSync } from 'node:fs';
import { BpfMap } from '../../../sys/bpf/bpf-objects.js';
import type { Records } from '../../../sys/bpf/records.js';
import { using } from '../../../sys/fd.js';
import { Conf } from '../abi.gen.js';
import { LAYOUT } from '../layouts.gen.js';
import { pinInPlace } from '../pins/pin-in-place.js';
import { sysctlFields } from '../table/sysctls.js';
import { LAST_PINNED, SETTINGS_PIN, Tables } from '../table/tables.js';
import { type Capacity, ROOM_BITS_MIN } from './object.js';

/** Timeouts, sysctls, how interfaces are attached. */
const SETTINGS = [Conf.tcpTimeout, Conf.udpTimeout, Conf.attachMode, ...Object.values(sysctlFields)] as const;

/** Where each size stands in the record. */
export const SIZES = {
  connTabBits: Conf.connTabBits,
  maxServices: Conf.maxServices,
  maxDestinations: Conf.maxDests,
  connBuckets: Conf.connBuckets,
} as const satisfies Record<keyof Capacity, unknown>;

/** The sizes that a record has; the table's places follow from `--conn-tab-bits` where that is wanted and gives room. */
export function sizesIn(conf: Records, wanted: Partial<Capacity>): Partial<Capacity> {
  const now = Object.fromEntries(Object.entries(SIZES).map(([name, field]) => [name, conf.get(0, field)])) as Required<Capacity>;
  const { connBuckets, ...others } = now;
  return (wanted.connTabBits ?? 0) > ROOM_BITS_MIN ? others : { ...others, connBuckets };
}

const pathIn = (folder: string): string => `${folder}/${SETTINGS_PIN}`;

/** Lets a load in this folder begin with the settings of the tables that are in it. */
export function keepSettings(folder: string): void {
  using(BpfMap.pinned(`${folder}/${LAST_PINNED}`), (conf) => pinInPlace(conf, pathIn(folder)));
}

/** undefined: none are kept, or they are of a build with another record. */
export function keptSettings(folder: string): Records | undefined {
  if (!existsSync(pathIn(folder))) return undefined;
  const { conf } = new Tables(folder, () => BpfMap.pinned(pathIn(folder)), 'read');
  return conf.get(0, Conf.layout) === LAYOUT ? conf : undefined;
}

/** Stores the settings of one record of `conf` in another one. */
export function copySettings(from: Records, to: Records): void {
  for (const field of SETTINGS) for (let k = 0; k < field.count; k++) to.set(0, field, from.get(0, field, k), k);
}

/** Ends what keepSettings() began. Nothing happens where no settings are kept. */
export const forgetSettings = (folder: string): void => rmSync(pathIn(folder), { force: true });
