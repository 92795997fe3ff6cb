// Reads what a real server's plan is made from: interfaces with their tunnels, addresses, host routes and sysctls of this namespace.
import { arpSettingPaths } from '../../control/realserver/arp-settings.js';
import type { Observed, ObservedInterface } from '../../control/realserver/observed.js';
import { reversePathSetting } from '../../control/realserver/reverse-path.js';
import { hostLength } from '../../model/subnet.js';
import { readSetting } from '../../sys/files/sysctl.js';
import type { Netlink } from '../../sys/netlink/netlink.js';
import { decodeInterfaceAddress, dumpAddresses } from '../../wire/rtnetlink-address.js';
import { decodeLink, dumpLinks, LinkFlag } from '../../wire/rtnetlink-link.js';
import { decodeRoute, dumpRoutes, RouteTable, RouteType } from '../../wire/rtnetlink-route.js';
import { decodeTunnelLink } from '../../wire/rtnetlink-tunnel.js';
import { guePortsHere } from './gue-ports.js';

/** An interface with what it takes where it is a tunnel. */
function decodeInterface(payload: Uint8Array): ObservedInterface | undefined {
  const link = decodeLink(payload);
  if (link === undefined) return undefined;
  const { name, ifindex, flags } = link;
  const tunnel = decodeTunnelLink(payload);
  return {
    name,
    ifindex,
    up: (flags & LinkFlag.up) !== 0,
    loopback: (flags & LinkFlag.loopback) !== 0,
    noArp: (flags & LinkFlag.noArp) !== 0,
    ...(tunnel === undefined ? {} : { tunnel }),
  };
}

/** The interfaces, addresses, routes, ports and sysctls that decide about a real server. @throws SystemError */
export function observeHost(netlink: Netlink): Observed {
  const interfaces = netlink.dump(dumpLinks(), decodeInterface, 'list interfaces');
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
  const names = interfaces.filter(({ loopback }) => !loopback).map(({ name }) => name);
  const paths = [...arpSettingPaths(names).map(({ path }) => path), ...['all', ...names].map(reversePathSetting)];
  for (const path of paths) {
    const value = readSetting(path);
    if (value !== undefined) settings.set(path, value);
  }
  return { interfaces, addresses, hostRoutes, localRoutes, loopbackHasIpv6, guePorts: guePortsHere(), settings };
}
