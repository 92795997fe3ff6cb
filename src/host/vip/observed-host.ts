// The addresses and interfaces of this host, as VIPs are planned by; and the list of those that weir added.
import type { SavedVip, VipAddress, VipHost } from '../../control/vip/plan.js';
import { readSavedVips, writeSavedVips } from '../../control/vip/saved.js';
import { WeirError } from '../../model/errors/weir-error.js';
import { using } from '../../sys/fd.js';
import { readSetting } from '../../sys/files/sysctl.js';
import { Netlink } from '../../sys/netlink/netlink.js';
import { AddressFlag, decodeInterfaceAddress, dumpAddresses, type InterfaceAddress } from '../../wire/rtnetlink-address.js';
import { decodeLink, dumpLinks, type Link, LinkFlag } from '../../wire/rtnetlink-link.js';
import { StateFile } from '../state-file.js';

export interface ObservedHost extends VipHost {
  readonly raw: readonly Link[];
  readonly rawAddresses: readonly InterfaceAddress[];
}

/** @throws SystemError */
export function observeVipHost(netlink: Netlink): ObservedHost {
  const raw = netlink.dump(dumpLinks(), decodeLink, 'list interfaces');
  const rawAddresses = netlink.dump(dumpAddresses(), decodeInterfaceAddress, 'list addresses');
  const interfaces = raw.map(({ name, ifindex, flags }) => ({
    name,
    ifindex,
    up: (flags & LinkFlag.up) !== 0,
    loopback: (flags & LinkFlag.loopback) !== 0,
    hasIpv6: readSetting(`net/ipv6/conf/${name}/disable_ipv6`) === '0',
  }));
  const addresses: VipAddress[] = rawAddresses.map((one) => ({
    ifindex: one.ifindex,
    address: one.address,
    prefixLength: one.prefixLength,
    // Of IPv6 this flag marks temporary addresses.
    secondary: one.address.family === 'inet' && (one.flags & AddressFlag.secondary) !== 0,
    ...(one.label === undefined ? {} : { label: one.label }),
  }));
  return { interfaces, addresses, raw, rawAddresses };
}

/** Without the raw records of netlink: for plans. @throws WeirError state-file-damaged; SystemError */
export function observeVips(): { readonly host: VipHost; readonly saved: readonly SavedVip[] } {
  return using(new Netlink(), (netlink) => ({ host: observeVipHost(netlink), saved: remembered(new StateFile('vip')) }));
}

/** The VIPs that weir added. @throws WeirError state-file-damaged */
export function remembered(state: StateFile): readonly SavedVip[] {
  const text = state.read();
  const saved = text === undefined ? [] : readSavedVips(text);
  if (saved === undefined) throw new WeirError('state-file-damaged', { path: state.path });
  return saved;
}

export const remember = (state: StateFile, vips: readonly SavedVip[]): void =>
  state.write(vips.length === 0 ? undefined : writeSavedVips(vips));
