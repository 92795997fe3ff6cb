// Reads what every role needs: interfaces, addresses, default routes and sysctls.

import { withoutPair } from '../../datapath/ebpf/load/pair.js';
import type { Address, Family } from '../../model/address.js';
import { damagePaths } from '../../model/tuning/table.js';
import { hasCode } from '../../sys/errno.js';
import { isFirstNetns, readSetting } from '../../sys/files/sysctl.js';
import type { Netlink } from '../../sys/netlink/netlink.js';
import { decodeInterfaceAddress, dumpAddresses } from '../../wire/rtnetlink-address.js';
import { decodeLink, dumpLinks } from '../../wire/rtnetlink-link.js';
import { decodeRoute, dumpRoutes, lookUpRoute, RouteTable, RouteType } from '../../wire/rtnetlink-route.js';
import type { DefaultRoute, HostFacts, PathFact } from '../facts.js';

const PER_INTERFACE = ['rp_filter', 'arp_ignore', 'arp_announce', 'forwarding'] as const;

export function collectDefaultRoutes(netlink: Netlink, family: Family): readonly DefaultRoute[] {
  return netlink
    .dump(dumpRoutes(family), decodeRoute, 'list routes')
    .filter(({ table, type, prefixLength }) => table === RouteTable.main && type === RouteType.unicast && prefixLength === 0)
    .map(({ ifindex, gateway }) => ({
      ...(ifindex === undefined ? {} : { ifindex }),
      ...(gateway === undefined ? {} : { gateway }),
    }));
}

export function collectHost(netlink: Netlink): HostFacts {
  // The datapath's own veth pair is left out: the rules are about the host's interfaces.
  const interfaces = withoutPair(netlink.dump(dumpLinks(), decodeLink, 'list interfaces'));
  const addresses = netlink
    .dump(dumpAddresses(), decodeInterfaceAddress, 'list addresses')
    .filter(({ address, ifindex }) => address.family === 'inet' && interfaces.some((iface) => iface.ifindex === ifindex));
  const defaultRoutes = collectDefaultRoutes(netlink, 'inet');
  const paths = ['all', ...interfaces.map(({ name }) => name)].flatMap((name) =>
    PER_INTERFACE.map((key) => `net/ipv4/conf/${name}/${key}`),
  );
  const paths6 = ['all', ...interfaces.map(({ name }) => name)].map((name) => `net/ipv6/conf/${name}/forwarding`);
  const settings = new Map<string, string>();
  for (const path of ['net/ipv4/ip_forward', ...paths, ...paths6, ...damagePaths(isFirstNetns())]) {
    const value = readSetting(path);
    if (value !== undefined) settings.set(path, value);
  }
  return { interfaces, addresses, defaultRoutes, settings };
}

/** What the kernel answers about a route that refuses. */
const REFUSALS = [
  ['EINVAL', 'blackhole'],
  ['EHOSTUNREACH', 'unreachable'],
  ['EACCES', 'prohibit'],
] as const;

/** The route by which this host would send to an address now, `from` one of its own. */
export function collectPath(netlink: Netlink, to: Address, from?: Address): PathFact {
  let answer: Uint8Array;
  try {
    answer = netlink.get(lookUpRoute(to, from), 'look up a route');
  } catch (error) {
    const [, refusedBy] = REFUSALS.find(([code]) => hasCode(error, code)) ?? [];
    if (refusedBy === undefined && !hasCode(error, 'ENETUNREACH')) throw error;
    return { to, kind: 'none', ...(refusedBy === undefined ? {} : { refusedBy }) };
  }
  const route = decodeRoute(answer);
  if (route === undefined) return { to, kind: 'none' };
  if (route.type === RouteType.local) return { to, kind: 'local' };
  const by = {
    ...(route.ifindex === undefined ? {} : { ifindex: route.ifindex }),
    ...(route.mtu === undefined ? {} : { mtu: route.mtu }),
    ...(route.preferredSource === undefined ? {} : { source: route.preferredSource }),
  };
  return route.gateway === undefined ? { to, kind: 'direct', ...by } : { to, kind: 'routed', gateway: route.gateway, ...by };
}
