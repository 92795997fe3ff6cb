// The maps of content switching: pinned with the datapath's, there once something was switched.
import { existsSync } from 'node:fs';
import { native } from '../../../sys/addon.js';
import { BpfMap } from '../../../sys/bpf/bpf-objects.js';
import { u32 } from '../../../sys/bpf/records.js';
import { using } from '../../../sys/fd.js';
import { viewOf } from '../../../wire/bytes.js';
import { requiredPin } from '../pins/required-pin.js';
import { SwitchCount, SwitchCounts } from '../switch.gen.js';

export const SWITCH_PINS = [
  'switch_ports',
  'switch_pools',
  'switch_secrets',
  'switch_listeners',
  'switch_hosts',
  'switch_paths',
  'switch_flows',
  'switch_backs',
  'switch_held',
  'switch_overtaken',
  'switch_turns',
  'switch_rounds',
  'switch_counts',
  'switch_timers',
] as const;
export type SwitchPin = (typeof SWITCH_PINS)[number];

export const SWITCH_PROGRAM_PIN = 'weir_switch';

/** Are maps there? Without the program, if a first `apply` or a `clear` was killed. */
export const hasSwitch = (folder: string): boolean => existsSync(`${folder}/switch_listeners`);

/** Is the program there, too? It is pinned after all maps, and removed before them. */
export const hasSwitchProgram = (folder: string): boolean => existsSync(`${folder}/${SWITCH_PROGRAM_PIN}`);

export const withSwitchMap = <T>(folder: string, pin: SwitchPin, work: (map: BpfMap) => T): T =>
  using(requiredPin(`${folder}/${pin}`, BpfMap.pinned), work);

export const keyCount = (folder: string, pin: SwitchPin): number => withSwitchMap(folder, pin, (map) => [...map.keys()].length);

export type SwitchCountName = keyof typeof SwitchCount;

/** What happened since the maps were made, of all CPUs together. */
export function switchCounts(folder: string): ReadonlyMap<SwitchCountName, bigint> {
  const cpus = native().possibleCpus();
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
