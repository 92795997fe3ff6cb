// Network interfaces over route netlink (man 7 rtnetlink): struct ifinfomsg and its attributes.
//
//      0               1               2               3
//     +---------------+---------------+-------------------------------+
//     |    family     |       0       |         hardware type         |
//     +---------------+---------------+-------------------------------+
//     |                        interface index                        |
//     |                            flags                              |
//     |                 change mask (requests only)                   |
//     |   attributes: 1 MAC, 3 name, 4 MTU, 5 lower link, 10 master, 18 link info {1 kind, 2 data (VRF: {1 table}),
//     |   4 kind of master}, 27 group, 43 xdp …
//     +---------------------------------------------------------------+
import { concat, hostIsLittleEndian as little, viewOf } from './bytes.js';
import { type Mac, macBytes, macText } from './ethernet.js';
import {
  type Attribute,
  attributeMap,
  encodeAttributes,
  NetlinkFlag,
  type NetlinkRequest,
  nested,
  textAttribute,
  textOf,
  u32Attribute,
  u32Of,
} from './netlink.js';
import { RouteMessage } from './rtnetlink.js';

export const LinkFlag = {
  up: 0x1,
  broadcast: 0x2,
  loopback: 0x8,
  pointToPoint: 0x10,
  running: 0x40,
  noArp: 0x80,
  promiscuous: 0x100,
  multicast: 0x1000,
  /** There is a carrier. */
  lowerUp: 0x10000,
} as const;
/** ARPHRD_*: what the hardware address is an address of. */
export const LinkHardware = {
  ethernet: 1,
  ppp: 512,
  ipip: 768,
  ip6Tunnel: 769,
  loopback: 772,
  sit: 776,
  gre: 778,
  ip6gre: 823,
  none: 0xfffe,
} as const;

export interface Link {
  readonly ifindex: number;
  readonly name: string;
  readonly flags: number;
  readonly hardware: number;
  readonly mtu: number;
  /** Absent where the link has no address of 6 bytes. */
  readonly mac?: Mac;
  /** The bridge, bond or VRF that this link is a port of. */
  readonly master?: number;
  /** The link below a VLAN or macvlan, or the peer of a veth. */
  readonly lower?: number;
  /** `veth`, `bridge`, `vlan`, `dummy` …; absent for physical devices and lo. */
  readonly kind?: string;
  /** The namespace of the other end of a veth, by the kernel's id; absent where it is our own. */
  readonly peerNamespace?: number;
  /** What its master is: `bridge`, `bond`, `vrf`, `team`. */
  readonly masterKind?: string;
  /** Of interfaces, as firewall rules name them; absent: 0. */
  readonly group?: number;
  /** A VRF's routing table. */
  readonly vrfTable?: number;
  /** Id of the XDP program attached, where there is one. */
  readonly xdpProgram?: number;
}

const XDP_PROGRAM_ID = 4;

/** The link, or undefined for bytes that are none. */
export function decodeLink(payload: Uint8Array): Link | undefined {
  const attributes = payload.length < 16 ? undefined : attributeMap(payload.subarray(16));
  const name = textOf(attributes?.get(3));
  if (attributes === undefined || name === undefined) return undefined;
  const view = viewOf(payload);
  const info = attributeMap(attributes.get(18) ?? new Uint8Array(0));
  const xdp = attributeMap(attributes.get(43) ?? new Uint8Array(0));
  const kind = textOf(info?.get(1));
  const data = kind === 'vrf' ? attributeMap(info?.get(2) ?? new Uint8Array(0)) : undefined;
  const mac = attributes.get(1);
  const link: { -readonly [key in keyof Link]: Link[key] } = {
    ifindex: view.getUint32(4, little),
    name,
    flags: view.getUint32(8, little),
    hardware: view.getUint16(2, little),
    mtu: u32Of(attributes.get(4)) ?? 0,
  };
  if (mac?.length === 6) link.mac = macText(mac);
  const extras = {
    master: u32Of(attributes.get(10)),
    lower: u32Of(attributes.get(5)),
    xdpProgram: u32Of(xdp?.get(XDP_PROGRAM_ID)),
    kind,
    vrfTable: u32Of(data?.get(1)),
    group: u32Of(attributes.get(27)) || undefined,
    masterKind: textOf(info?.get(4)),
    peerNamespace: u32Of(attributes.get(37)),
  };
  return Object.assign(link, Object.fromEntries(Object.entries(extras).filter(([, value]) => value !== undefined)));
}

/** What to make, or what to change of a link that is there: only what is given is touched. */
export interface LinkChange {
  readonly ifindex?: number;
  readonly name?: string;
  readonly kind?: string;
  readonly up?: boolean;
  /** Whether it asks for the MAC of its neighbours. */
  readonly arp?: boolean;
  readonly mtu?: number;
  readonly mac?: Mac;
  /** 0 takes the link out of its bridge or bond. */
  readonly master?: number;
  readonly group?: number;
}

export function encodeLinkChange(change: LinkChange): Uint8Array {
  const header = new Uint8Array(16);
  const view = viewOf(header);
  view.setUint32(4, change.ifindex ?? 0, little);
  const flags = [
    { flag: LinkFlag.up, given: change.up, set: change.up === true },
    { flag: LinkFlag.noArp, given: change.arp, set: change.arp === false },
  ].filter(({ given }) => given !== undefined);
  const sum = (some: typeof flags): number => some.reduce((all, { flag }) => all | flag, 0);
  view.setUint32(8, sum(flags.filter(({ set }) => set)), little);
  view.setUint32(12, sum(flags), little);
  const attributes: Attribute[] = [
    ...(change.mac === undefined ? [] : [{ type: 1, payload: macBytes(change.mac) }]),
    ...(change.name === undefined ? [] : [textAttribute(3, change.name)]),
    ...(change.mtu === undefined ? [] : [u32Attribute(4, change.mtu)]),
    ...(change.master === undefined ? [] : [u32Attribute(10, change.master)]),
    ...(change.group === undefined ? [] : [u32Attribute(27, change.group)]),
    ...(change.kind === undefined ? [] : [nested(18, [textAttribute(1, change.kind)])]),
  ];
  return concat(header, encodeAttributes(attributes));
}

export function dumpLinks(): NetlinkRequest {
  return { type: RouteMessage.getLink, flags: NetlinkFlag.dump, payload: new Uint8Array(16) };
}

export function changeLink(change: LinkChange): NetlinkRequest {
  return { type: RouteMessage.newLink, flags: 0, payload: encodeLinkChange(change) };
}

export function deleteLink(ifindex: number): NetlinkRequest {
  return { type: RouteMessage.deleteLink, flags: 0, payload: encodeLinkChange({ ifindex }) };
}
