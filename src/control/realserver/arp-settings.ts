// The ARP sysctls, and their values, with which a real server does not answer for its VIPs (kernel: Documentation/networking/ip-sysctl).
//
// The kernel takes the larger of conf/all and conf/IF, so a value must be correct on its own, and larger ones must be correct, too.

import { shellWord } from '../../model/shell-word.js';

/** The names under net.ipv4.conf.IF, with the value that `start` sets. */
export const ARP_SETTINGS = { arp_ignore: '1', arp_announce: '2' } as const;
export type ArpSetting = keyof typeof ARP_SETTINGS;

/**
 * Whether this value hides a VIP on lo from ARP. arp_ignore: 1 and 2 answer only for addresses of the asked interface, 8 never
 * answers; 3 still answers for addresses of global scope, 4 to 7 mean nothing. arp_announce: only 2 never announces the VIP.
 */
export function hides(setting: ArpSetting, value: number): boolean {
  return setting === 'arp_ignore' ? value === 1 || value === 2 || value === 8 : value === 2;
}

/** The path below /proc/sys. */
export function arpSettingPath(interfaceName: string, setting: ArpSetting): string {
  return `net/ipv4/conf/${interfaceName}/${setting}`;
}

/** The key as sysctl(8) takes it: dots between the parts, and a dot within one (`eth0.7`) as a slash. */
export function sysctlName(path: string): string {
  return path
    .split('/')
    .map((part) => part.replaceAll('.', '/'))
    .join('.');
}

/** `name=value` as one word for `sysctl -w` in a command that a person copies. */
export const sysctlWord = (path: string, value: number | string): string => shellWord(`${sysctlName(path)}=${value}`);

/** Every path that `start` sets: all and lo first, then the cluster's interfaces. */
export function arpSettingPaths(interfaces: readonly string[]): readonly { readonly path: string; readonly setting: ArpSetting }[] {
  return ['all', 'lo', ...interfaces].flatMap((name) =>
    (Object.keys(ARP_SETTINGS) as ArpSetting[]).map((setting) => ({ path: arpSettingPath(name, setting), setting })),
  );
}
