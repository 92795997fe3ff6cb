// Routes over route netlink (man 7 rtnetlink): struct rtmsg and its attributes.
//
//      0               1               2               3
//     +---------------+---------------+---------------+---------------+
//     |    family     |  destination  | source length |      tos      |
//     |               |    length     |               |               |
//     +---------------+---------------+---------------+---------------+
//     |     table     |   protocol    |     scope     |     type      |
//     +---------------+---------------+---------------+---------------+
//     |                            flags                              |
//     |   attributes: 1 destination, 4 device, 5 gateway, 6 priority, 7 preferred source, 8 metrics {2 MTU}, 15 table
//     +---------------------------------------------------------------+
import type { Address, Family } from '../model/address.js';
import { decodeAddress, encodeAddress } from './address-bytes.js';
import { concat, hostIsLittleEndian as little, viewOf } from './bytes.js';
import { type Attribute, attributeMap, encodeAttributes, NetlinkFlag, type NetlinkRequest, u32Attribute, u32Of } from './netlink.js';
import { familyNumber, RouteMessage } from './rtnetlink.js';

export const RouteTable = { default: 253, main: 254, local: 255 } as const;
export const RouteProtocol = { kernel: 2, boot: 3, static: 4 } as const;
export const RouteScope = { universe: 0, link: 253, host: 254, nowhere: 255 } as const;
export const RouteType = { unicast: 1, local: 2, broadcast: 3, blackhole: 6, unreachable: 7, prohibit: 8, throw: 9 } as const;

export interface Route {
  readonly family: Family;
  /** Absent for a default route, whose prefix length is 0. */
  readonly destination?: Address;
  readonly prefixLength: number;
  readonly table: number;
  readonly protocol: number;
  readonly scope: number;
  readonly type: number;
  readonly ifindex?: number;
  readonly gateway?: Address;
  readonly priority?: number;
  readonly preferredSource?: Address;
  /** Bytes; of routes that have one of their own. Read only. */
  readonly mtu?: number;
}

const METRICS = 8;
const METRIC_MTU = 2;

export function encodeRoute(route: Route): Uint8Array {
  const header = new Uint8Array(12);
  header.set([familyNumber(route.family), route.prefixLength, 0, 0, route.table & 0xff, route.protocol, route.scope, route.type]);
  const address = (type: number, value: Address | undefined): Attribute[] =>
    value === undefined ? [] : [{ type, payload: encodeAddress(value) }];
  const number = (type: number, value: number | undefined): Attribute[] => (value === undefined ? [] : [u32Attribute(type, value)]);
  return concat(
    header,
    encodeAttributes([
      ...address(1, route.destination),
      ...number(4, route.ifindex),
      ...address(5, route.gateway),
      ...number(6, route.priority),
      ...address(7, route.preferredSource),
      u32Attribute(15, route.table),
    ]),
  );
}

/** The route, or undefined for bytes that are none or another family's. Multipath routes come without device and gateway. */
export function decodeRoute(payload: Uint8Array): Route | undefined {
  const attributes = payload.length < 12 ? undefined : attributeMap(payload.subarray(12));
  const family = payload[0] === 2 ? 'inet' : payload[0] === 10 ? 'inet6' : undefined;
  if (attributes === undefined || family === undefined) return undefined;
  const view = viewOf(payload);
  const address = (type: number) => decodeAddress(attributes.get(type) ?? new Uint8Array(0));
  const route: Route = {
    family,
    prefixLength: view.getUint8(1),
    table: u32Of(attributes.get(15)) ?? view.getUint8(4),
    protocol: view.getUint8(5),
    scope: view.getUint8(6),
    type: view.getUint8(7),
  };
  const extras = {
    destination: address(1),
    ifindex: u32Of(attributes.get(4)),
    gateway: address(5),
    priority: u32Of(attributes.get(6)),
    preferredSource: address(7),
    mtu: u32Of(attributeMap(attributes.get(METRICS) ?? new Uint8Array(0))?.get(METRIC_MTU)),
  };
  return Object.assign(route, Object.fromEntries(Object.entries(extras).filter(([, value]) => value !== undefined)));
}

/** Is it for some sources alone? */
export const isRouteOfSource = (payload: Uint8Array): boolean => payload.length >= 12 && payload[2] !== 0;

export function dumpRoutes(family: Family): NetlinkRequest {
  const payload = new Uint8Array(12);
  payload[0] = familyNumber(family);
  return { type: RouteMessage.getRoute, flags: NetlinkFlag.dump, payload };
}

/** Asks which route a packet to this address would take, `from` an address of this host; one route message answers. */
export function lookUpRoute(address: Address, from?: Address): NetlinkRequest {
  const bits = address.family === 'inet' ? 32 : 128;
  const payload = new Uint8Array(12);
  payload[0] = familyNumber(address.family);
  payload[1] = bits;
  payload[2] = from === undefined ? 0 : bits;
  viewOf(payload).setUint32(8, 0, little);
  const source = from === undefined ? [] : [{ type: 2, payload: encodeAddress(from) }];
  return {
    type: RouteMessage.getRoute,
    flags: 0,
    payload: concat(payload, encodeAttributes([{ type: 1, payload: encodeAddress(address) }, ...source])),
  };
}

/** The kernel answers EEXIST when there is such a route. */
export function addRoute(route: Route): NetlinkRequest {
  return { type: RouteMessage.newRoute, flags: NetlinkFlag.create | NetlinkFlag.exclusive, payload: encodeRoute(route) };
}

/** The kernel answers ESRCH when there is no such route. */
export function deleteRoute(route: Route): NetlinkRequest {
  return { type: RouteMessage.deleteRoute, flags: 0, payload: encodeRoute(route) };
}
