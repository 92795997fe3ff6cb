// Reads what a real server's plan is made from: interfaces, addresses, host routes and ARP sysctls of this namespace.
import { arpSettingPaths } from '../../control/realserver/arp-settings.js';
import type { Observed } from '../../control/realserver/observed.js';
import { hostLength } from '../../model/subnet.js';
import { readSetting } from '../../sys/files/sysctl.js';
import type { Netlink } from '../../sys/netlink/netlink.js';
import { decodeInterfaceAddress, dumpAddresses } from '../../wire/rtnetlink-address.js';
import { decodeLink, dumpLinks, LinkFlag } from '../../wire/rtnetlink-link.js';
import { decodeRoute, dumpRoutes, RouteTable, RouteType } from '../../wire/rtnetlink-route.js';

/** The interfaces, addresses, routes and sysctls that decide about a real server. @throws SystemError */
export function observeHost(netlink: Netlink): Observed {
  const interfaces = netlink.dump(dumpLinks(), decodeLink, 'list interfaces').map(({ name, ifindex, flags }) => ({
    name,
    ifindex,
    up: (flags & LinkFlag.up) !== 0,
    loopback: (flags & LinkFlag.loopback) !== 0,
    noArp: (flags & LinkFlag.noArp) !== 0,
  }));
  const loopbacks = new Set(interfaces.filter(({ loopback }) => loopback).map(({ ifindex }) => ifindex));
  const addresses = netlink.dump(dumpAddresses(), decodeInterfaceAddress, 'list addresses');
  const loopbackHasIpv6 = readSetting('net/ipv6/conf/lo/disable_ipv6') === '0';
  // A kernel without IPv6 answers such a dump with another family's.
  const families = loopbackHasIpv6 ? (['inet', 'inet6'] as const) : (['inet'] as const);
  const routes = families.flatMap((family) => netlink.dump(dumpRoutes(family), decodeRoute, 'list routes'));
  const localRoutes = routes.flatMap(({ type, destination, prefixLength }) =>
    type === RouteType.local && destination !== undefined ? [{ address: destination, prefixLength }] : [],
  );
  const hostRoutes = routes
    .filter(({ table, type }) => table === RouteTable.main && type === RouteType.unicast)
    .filter(({ destination, prefixLength }) => destination !== undefined && prefixLength === hostLength(destination))
    .filter(({ ifindex }) => ifindex !== undefined && loopbacks.has(ifindex))
    .flatMap(({ destination }) => (destination === undefined ? [] : [destination]));
  const settings = new Map<string, string>();
  for (const { path } of arpSettingPaths(interfaces.filter(({ loopback }) => !loopback).map(({ name }) => name))) {
    const value = readSetting(path);
    if (value !== undefined) settings.set(path, value);
  }
  return { interfaces, addresses, hostRoutes, localRoutes, loopbackHasIpv6, settings };
}
