// Sysctls by their path below /proc/sys, of the network namespace that this process is in.
import { readFileSync, writeFileSync } from 'node:fs';
import { unlessCode } from '../errno.js';

/** The value without its line end, or undefined where this kernel or interface has no such key. `path`: `net/ipv4/ip_forward`. */
export function readSetting(path: string): string | undefined {
  return unlessCode(() => readFileSync(`/proc/sys/${path}`, 'utf8').trimEnd(), ['ENOENT'], undefined);
}

/** A number of an interface as the kernel applies such as rp_filter and accept_local: the larger of its own and that of all interfaces. 0: there is none. */
export const interfaceSetting = (name: string, key: string): number =>
  Math.max(...['all', name].map((each) => Number(readSetting(`net/ipv4/conf/${each}/${key}`) ?? 0)));

/** @throws the system's error: ENOENT for an unknown key, EACCES without root, EINVAL for a value that the kernel refuses */
export function writeSetting(path: string, value: string): void {
  writeFileSync(`/proc/sys/${path}`, `${value}\n`, { flag: 'r+' });
}

/** Linux has this key once for the whole host, and shows it in the first network namespace only. */
export const isFirstNetns = (): boolean => readSetting('net/core/netdev_budget') !== undefined;
