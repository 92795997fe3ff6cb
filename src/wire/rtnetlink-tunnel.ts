// Tunnel devices over route netlink (linux/if_tunnel.h): ipip, sit and ip6tnl have attributes of one kind, gre and ip6gre of another.
//
//     struct ifinfomsg (see rtnetlink-link.ts), then attributes: 3 name, 18 link info {1 kind, 2 data}
//     data of ipip, sit, ip6tnl: 2 local, 3 remote, 9 inner protocol (1 byte, 0: any), 19 external (no payload)
//     data of gre, ip6gre: 2 flags of what comes in (2, big-endian: 0x8000 checksum), 6 local, 7 remote, 18 external
import type { Address } from '../model/address.js';
import { decodeAddress, encodeAddress } from './address-bytes.js';
import { concat } from './bytes.js';
import {
  type Attribute,
  attributeMap,
  encodeAttributes,
  NetlinkFlag,
  type NetlinkRequest,
  nested,
  textAttribute,
  textOf,
} from './netlink.js';
import { RouteMessage } from './rtnetlink.js';
import { encodeLinkChange } from './rtnetlink-link.js';

const IP_KINDS = ['ipip', 'sit', 'ip6tnl'] as const;
const GRE_KINDS = ['gre', 'ip6gre'] as const;
export type TunnelLinkKind = (typeof IP_KINDS)[number] | (typeof GRE_KINDS)[number];

const IP = { local: 2, remote: 3, protocol: 9, external: 19 } as const;
const GRE = { flags: 2, local: 6, remote: 7, external: 18 } as const;
const CHECKSUM = 0x80;
const ANY_PROTOCOL = 0;

/** What a tunnel device takes. */
export interface TunnelLink {
  readonly kind: TunnelLinkKind;
  /** Absent: any. */
  readonly local?: Address;
  readonly remote?: Address;
  /** Everything that no other device of its kind is for. */
  readonly external: boolean;
  /** GRE: packets with a checksum. */
  readonly checksum: boolean;
  /** ip6tnl: the inner protocol, 0 for any. */
  readonly protocol?: number;
}

const isOneOf = <T extends string>(list: readonly T[], text: string | undefined): text is T => (list as readonly unknown[]).includes(text);

/** Undefined: zero stands for any address. */
function addressOf(payload: Uint8Array | undefined): Address | undefined {
  const address = payload === undefined ? undefined : decodeAddress(payload);
  return address?.words.some((word) => word !== 0) ? address : undefined;
}

/** The tunnel that a message about a link describes; undefined: it is of another kind. */
export function decodeTunnelLink(payload: Uint8Array): TunnelLink | undefined {
  const info = payload.length < 16 ? undefined : attributeMap(attributeMap(payload.subarray(16))?.get(18) ?? new Uint8Array(0));
  const kind = textOf(info?.get(1));
  const data = attributeMap(info?.get(2) ?? new Uint8Array(0));
  const ip = isOneOf(IP_KINDS, kind);
  if (data === undefined || (!ip && !isOneOf(GRE_KINDS, kind))) return undefined;
  const place = ip ? IP : GRE;
  const [local, remote, protocol] = [addressOf(data.get(place.local)), addressOf(data.get(place.remote)), data.get(IP.protocol)?.[0]];
  return {
    kind,
    ...(local === undefined ? {} : { local }),
    ...(remote === undefined ? {} : { remote }),
    external: data.has(place.external),
    checksum: !ip && ((data.get(GRE.flags)?.[0] ?? 0) & CHECKSUM) !== 0,
    ...(kind !== 'ip6tnl' || protocol === undefined ? {} : { protocol }),
  };
}

interface NewTunnel {
  readonly name: string;
  readonly kind: TunnelLinkKind;
  readonly remote?: Address;
  readonly checksum: boolean;
}

function dataOf({ kind, remote, checksum }: NewTunnel): readonly Attribute[] {
  const place = isOneOf(IP_KINDS, kind) ? IP : GRE;
  const from = remote === undefined ? undefined : { type: place.remote, payload: encodeAddress(remote) };
  const all = kind === 'sit' ? [] : [{ type: place.external, payload: new Uint8Array(0) }];
  return [
    ...(kind === 'ip6tnl' ? [{ type: IP.protocol, payload: Uint8Array.of(ANY_PROTOCOL) }] : []),
    ...(checksum ? [{ type: GRE.flags, payload: Uint8Array.of(CHECKSUM, 0) }] : []),
    ...(from === undefined ? all : [from]),
  ];
}

/** Makes the device, down. The kernel loads the kind's module for it. */
export function addTunnelLink(tunnel: NewTunnel): NetlinkRequest {
  const info = nested(18, [textAttribute(1, tunnel.kind), nested(2, dataOf(tunnel))]);
  return {
    type: RouteMessage.newLink,
    flags: NetlinkFlag.create | NetlinkFlag.exclusive,
    payload: concat(new Uint8Array(16), encodeAttributes([textAttribute(3, tunnel.name), info])),
  };
}

export const deleteLinkNamed = (name: string): NetlinkRequest => ({
  type: RouteMessage.deleteLink,
  flags: 0,
  payload: encodeLinkChange({ name }),
});
