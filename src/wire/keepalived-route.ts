// keepalived.conf's routes as route-netlink messages (man 7 rtnetlink): as rtnetlink-route.ts, with next hops, metrics and all other attributes.
//
//     struct rtmsg (see rtnetlink-route.ts), then attributes: 1 destination, 2 source prefix, 4 device, 5 gateway, 6 priority,
//     7 preferred source, 8 metrics {1 lock mask, n value …}, 9 multipath, 11 realms, 15 table, 18 via, 20 preference, 21 22 encap,
//     23 expires, 26 TTL propagation
//     multipath, one a hop: | length (2) | flags (1) | weight - 1 (1) | device (4) | attributes 5, 11, 18, 21, 22 |
import type { Address } from '../model/address.js';
import type { HostRoute, NextHop, RouteType } from '../model/keepalived/network.js';
import { encodeAddress } from './address-bytes.js';
import { concat, hostOrder16, hostIsLittleEndian as little, viewOf } from './bytes.js';
import { encapAttributes } from './lightweight-tunnel.js';
import { type Attribute, encodeAttributes, NetlinkFlag, type NetlinkRequest, nested, textAttribute, u32Attribute } from './netlink.js';
import { familyNumber, RouteMessage } from './rtnetlink.js';

/** RTPROT_KEEPALIVED: the owner of these routes and rules. */
export const KEEPALIVED_PROTOCOL = 18;

const TYPES: Readonly<Record<RouteType, number>> = {
  unicast: 1,
  local: 2,
  broadcast: 3,
  anycast: 4,
  multicast: 5,
  blackhole: 6,
  unreachable: 7,
  prohibit: 8,
  throw: 9,
  nat: 10,
  xresolve: 11,
};
/** RTAX_*; `ecn` is a bit of features. */
const METRICS: Readonly<Record<string, number>> = {
  mtu: 2,
  window: 3,
  rtt: 4,
  rttvar: 5,
  ssthresh: 6,
  cwnd: 7,
  advmss: 8,
  reordering: 9,
  hoplimit: 10,
  initcwnd: 11,
  features: 12,
  rto_min: 13,
  initrwnd: 14,
  quickack: 15,
  fastopen_no_cookie: 17,
};
/** The kernel has these in fractions of a millisecond. */
const SCALE: Readonly<Record<string, number>> = { rtt: 8, rttvar: 4 };
const CONGESTION = 16;
const ONLINK = 4;
const SCOPE = { universe: 0, link: 253, host: 254 } as const;
const MAIN_TABLE = 254;
const PREFERENCES = { low: 3, medium: 0, high: 1 } as const;

/** Looks up the index of an interface; throws when there is none. */
export type IfindexOf = (device: string) => number;

const gateway = (family: 'inet' | 'inet6', via: Address): Attribute =>
  via.family === family
    ? { type: 5, payload: encodeAddress(via) }
    : { type: 18, payload: concat(hostOrder16(familyNumber(via.family)), encodeAddress(via)) };

function encodeHop(family: 'inet' | 'inet6', hop: NextHop, ifindexOf: IfindexOf): Uint8Array {
  const attributes = encodeAttributes([
    ...(hop.via === undefined ? [] : [gateway(family, hop.via)]),
    ...(hop.realms === undefined ? [] : [u32Attribute(11, hop.realms)]),
    ...encapAttributes(hop.encap),
  ]);
  const header = new Uint8Array(8);
  const view = viewOf(header);
  view.setUint16(0, 8 + attributes.length, little);
  view.setUint8(2, hop.onlink ? ONLINK : 0);
  view.setUint8(3, hop.weight - 1);
  view.setInt32(4, hop.dev === undefined ? 0 : ifindexOf(hop.dev), little);
  return concat(header, attributes);
}

function metrics(route: HostRoute): readonly Attribute[] {
  const values = route.metrics.flatMap(({ name, value, lock }) => {
    const type = METRICS[name];
    return type === undefined ? [] : [{ type, value: value * (SCALE[name] ?? 1), lock }];
  });
  const locked = values.reduce(
    (mask, { type, lock }) => (lock ? mask | (1 << type) : mask),
    route.congestionControl?.lock ? 1 << CONGESTION : 0,
  );
  const all = [
    ...(locked === 0 ? [] : [u32Attribute(1, locked)]),
    ...values.map(({ type, value }) => u32Attribute(type, value)),
    ...(route.congestionControl === undefined ? [] : [textAttribute(CONGESTION, route.congestionControl.name)]),
  ];
  return all.length === 0 ? [] : [nested(8, all)];
}

/** As in keepalived, a route to another host is global with or without a gateway; the kernel would refuse one of this host or link as global. */
function scopeOf(route: HostRoute): number {
  if (route.scope !== undefined) return route.scope;
  if (route.family === 'inet6') return SCOPE.universe;
  if (route.type === 'local' || route.type === 'nat') return SCOPE.host;
  const near = route.type === 'broadcast' || route.type === 'multicast' || route.type === 'anycast';
  return near ? SCOPE.link : SCOPE.universe;
}

export function tableOf(route: HostRoute): number {
  return route.table ?? MAIN_TABLE;
}

function encode(route: HostRoute, ifindexOf: IfindexOf): Uint8Array {
  const table = tableOf(route);
  const header = new Uint8Array(12);
  header.set([familyNumber(route.family), route.to.length, route.from?.length ?? 0, route.tos ?? 0, table > 255 ? 0 : table]);
  header.set([route.protocol ?? KEEPALIVED_PROTOCOL, scopeOf(route), TYPES[route.type]], 5);
  viewOf(header).setUint32(8, route.onlink ? ONLINK : 0, little);
  const number = (type: number, value: number | undefined): Attribute[] => (value === undefined ? [] : [u32Attribute(type, value)]);
  const address = (type: number, value: Address | undefined): Attribute[] =>
    value === undefined ? [] : [{ type, payload: encodeAddress(value) }];
  return concat(
    header,
    encodeAttributes([
      ...address(1, route.to.length === 0 ? undefined : route.to.address),
      ...address(2, route.from?.address),
      ...number(4, route.dev === undefined ? undefined : ifindexOf(route.dev)),
      ...(route.via === undefined ? [] : [gateway(route.family, route.via)]),
      ...number(6, route.metric),
      ...address(7, route.source),
      ...metrics(route),
      ...(route.nextHops.length === 0
        ? []
        : [{ type: 9, payload: concat(...route.nextHops.map((hop) => encodeHop(route.family, hop, ifindexOf))) }]),
      ...number(11, route.realms),
      u32Attribute(15, table),
      ...(route.pref === undefined ? [] : [{ type: 20, payload: Uint8Array.of(PREFERENCES[route.pref]) }]),
      ...encapAttributes(route.encap),
      ...number(23, route.expires),
      ...(route.ttlPropagate === undefined ? [] : [{ type: 26, payload: Uint8Array.of(route.ttlPropagate ? 1 : 0) }]),
    ]),
  );
}

const FLAGS = {
  add: NetlinkFlag.create | NetlinkFlag.exclusive,
  append: NetlinkFlag.create | NetlinkFlag.append,
  prepend: NetlinkFlag.create,
  replace: NetlinkFlag.create | NetlinkFlag.replace,
} as const;

export function addHostRoute(route: HostRoute, ifindexOf: IfindexOf): NetlinkRequest {
  return { type: RouteMessage.newRoute, flags: FLAGS[route.insert], payload: encode(route, ifindexOf) };
}

/** The kernel answers ESRCH when there is no such route. */
export function deleteHostRoute(route: HostRoute, ifindexOf: IfindexOf): NetlinkRequest {
  return { type: RouteMessage.deleteRoute, flags: 0, payload: encode(route, ifindexOf) };
}
