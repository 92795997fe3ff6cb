// The maps of content switching: pinned with the datapath's, there once something was switched; those of IPv6 once an address of it was.
import { existsSync } from 'node:fs';
import type { Family } from '../../../model/address.js';
import type { DestinationKey } from '../../../model/service.js';
import { native } from '../../../sys/addon.js';
import { BpfMap } from '../../../sys/bpf/bpf-objects.js';
import { u32 } from '../../../sys/bpf/records.js';
import { using } from '../../../sys/fd.js';
import { swap16, viewOf } from '../../../wire/bytes.js';
import { requiredPin } from '../pins/required-pin.js';
import * as inet from '../switch.gen.js';
import * as inet6 from '../switch6.gen.js';
import { modelAddress } from '../table/record-address.js';

/** Those that both families have together, and those that each has for itself. */
const COMMON = ['switch_ports', 'switch_secrets', 'switch_hosts', 'switch_paths', 'switch_counts'] as const;
const OF_FAMILY = ['listeners', 'pools', 'flows', 'backs', 'held', 'overtaken', 'turns', 'rounds', 'timers', 'outs'] as const;
type OfFamily = (typeof OF_FAMILY)[number];
const PREFIXES = { inet: 'switch', inet6: 'switch6' } as const satisfies Record<Family, string>;
export type SwitchPin = (typeof COMMON)[number] | `${(typeof PREFIXES)[Family]}_${OfFamily}`;

export const familyPin = (family: Family, map: OfFamily): SwitchPin => `${PREFIXES[family]}_${map}`;

/** The names of the maps in an object of the family, and their pins. The one by which its maps are found comes last. */
export const switchPins = (family: Family): readonly (readonly [string, SwitchPin])[] => [
  ...COMMON.map((name) => [name, name] as const),
  ...OF_FAMILY.filter((name) => name !== 'listeners').map((name) => [`switch_${name}`, familyPin(family, name)] as const),
  ['switch_listeners', familyPin(family, 'listeners')],
];

/** The records of a family's maps: addresses are one word, or four. */
export const switchRecords = (family: Family): typeof inet | typeof inet6 => (family === 'inet' ? inet : inet6);

interface EndpointFields {
  readonly addr: { readonly at: number; readonly count: number; readonly size: number };
  readonly port: { readonly at: number };
}

/** The address and port of a record that begins `from` bytes behind the beginning. */
export function endpointIn({ addr, port }: EndpointFields, bytes: Uint8Array, from = 0): DestinationKey {
  const view = viewOf(bytes);
  const words = Array.from({ length: addr.count }, (_, k) => view.getUint32(from + addr.at + k * addr.size, true));
  return { address: modelAddress(...words), port: swap16(view.getUint16(from + port.at, true)) };
}

export const SWITCH_PROGRAM_PIN = 'weir_switch';

/** Are maps there? Without the program, if a first `apply` or a `clear` was killed. */
export const hasSwitch = (folder: string): boolean => existsSync(`${folder}/switch_listeners`);

/** Of these families maps are there. */
export const switchFamilies = (folder: string): readonly Family[] =>
  (['inet', 'inet6'] as const).filter((family) => existsSync(`${folder}/${familyPin(family, 'listeners')}`));

/** What an apply that was killed has left of a family: no program uses these maps, and they may be another build's. */
export function unfinishedPins(folder: string, family: Family): readonly SwitchPin[] {
  const families = switchFamilies(folder);
  if (families.includes(family)) return [];
  const kept: readonly string[] = families.length === 0 ? [] : COMMON;
  return switchPins(family)
    .map(([, pin]) => pin)
    .filter((pin) => !kept.includes(pin));
}

/** Is the program there, too? It is pinned after all maps, and removed before them. */
export const hasSwitchProgram = (folder: string): boolean => existsSync(`${folder}/${SWITCH_PROGRAM_PIN}`);

export const withSwitchMap = <T>(folder: string, pin: SwitchPin, work: (map: BpfMap) => T): T =>
  using(requiredPin(`${folder}/${pin}`, BpfMap.pinned), work);

export const keyCount = (folder: string, pin: SwitchPin): number => withSwitchMap(folder, pin, (map) => [...map.keys()].length);

export type SwitchCountName = keyof typeof inet.SwitchCount;

/** What happened since the maps were made, of all CPUs together. */
export function switchCounts(folder: string): ReadonlyMap<SwitchCountName, bigint> {
  const cpus = native().possibleCpus();
  const { SwitchCount, SwitchCounts } = inet;
  const all = new Uint8Array(SwitchCounts.bytes * cpus);
  withSwitchMap(folder, 'switch_counts', (map) => map.lookup(u32(0), all));
  const view = viewOf(all);
  const sum = (which: number): bigint =>
    Array.from({ length: cpus }, (_, cpu) => view.getBigUint64(cpu * SwitchCounts.bytes + which * SwitchCounts.count.size, true)).reduce(
      (a, b) => a + b,
      0n,
    );
  return new Map(Object.entries(SwitchCount).map(([name, which]) => [name as SwitchCountName, sum(which)]));
}
