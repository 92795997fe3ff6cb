// Whether a host is a real server of its VIPs now, by its present state and not by what weir did before.
import type { Address } from '../../model/address.js';
import { formatAddress } from '../../model/address-text.js';
import { sameAddress } from '../../model/identity.js';
import { ARP_SETTINGS, type ArpSetting, arpSettingPath, hides } from './arp-settings.js';
import { clusterInterfaces, type Observed } from './observed.js';

export interface Status {
  /** `started`: all is in place; `stopped`: no VIP is; `partly`: anything between. */
  readonly state: 'started' | 'partly' | 'stopped';
  readonly vips: readonly { readonly address: string; readonly label?: string; readonly prefixLength?: number; readonly route: boolean }[];
  readonly interfaces: readonly {
    readonly name: string;
    readonly arpIgnore: number;
    readonly arpAnnounce: number;
    readonly silent: boolean;
  }[];
}

/** The value that counts on an interface: the larger of its own and conf/all's. */
export function effectiveSetting(settings: ReadonlyMap<string, string>, name: string, setting: ArpSetting): number {
  const read = (place: string) => Number(settings.get(arpSettingPath(place, setting)) ?? '0');
  return Math.max(read('all'), read(name));
}

export function realServerStatus(observed: Observed, vips: readonly Address[], interfaces?: readonly string[]): Status {
  const loopback = new Set(observed.interfaces.filter((found) => found.loopback).map(({ ifindex }) => ifindex));
  const rows = vips.map((vip) => {
    const there = observed.addresses.find(({ ifindex, address }) => loopback.has(ifindex) && sameAddress(address, vip));
    const route = observed.hostRoutes.some((one) => sameAddress(one, vip));
    return {
      address: formatAddress(vip),
      route,
      ...(there === undefined ? {} : { prefixLength: there.prefixLength, ...(there.label === undefined ? {} : { label: there.label }) }),
    };
  });
  const faces = (interfaces ?? clusterInterfaces(observed)).map((name) => {
    const value = (setting: ArpSetting) => effectiveSetting(observed.settings, name, setting);
    const silent = (Object.keys(ARP_SETTINGS) as ArpSetting[]).every((setting) => hides(setting, value(setting)));
    return { name, arpIgnore: value('arp_ignore'), arpAnnounce: value('arp_announce'), silent };
  });
  const present = rows.filter(({ prefixLength }) => prefixLength !== undefined);
  const whole = present.length === rows.length && present.every(({ prefixLength, route }) => prefixLength === 32 && route);
  const state = rows.length === 0 || present.length === 0 ? 'stopped' : whole && faces.every(({ silent }) => silent) ? 'started' : 'partly';
  return { state, vips: rows, interfaces: faces };
}
