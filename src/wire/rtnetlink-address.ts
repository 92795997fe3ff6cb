// Interface addresses over route netlink (man 7 rtnetlink): struct ifaddrmsg and its attributes.
//
//      0               1               2               3
//     +---------------+---------------+---------------+---------------+
//     |    family     | prefix length |  flags (low)  |     scope     |
//     +---------------+---------------+---------------+---------------+
//     |                        interface index                        |
//     |   attributes: 1 address, 2 local, 3 label, 4 broadcast, 6 lifetimes, 8 flags
//     +---------------------------------------------------------------+
import type { Address } from '../model/address.js';
import { sameAddress } from '../model/identity.js';
import { decodeAddress, encodeAddress } from './address-bytes.js';
import { concat, hostIsLittleEndian as little, viewOf } from './bytes.js';
import {
  type Attribute,
  attributeMap,
  encodeAttributes,
  NetlinkFlag,
  type NetlinkRequest,
  textAttribute,
  textOf,
  u32Attribute,
  u32Of,
} from './netlink.js';
import { familyNumber, RouteMessage } from './rtnetlink.js';

/** Address scopes: global is valid everywhere, link on its link only, host on this host only. */
export const AddressScope = { global: 0, site: 200, link: 253, host: 254 } as const;
export const AddressFlag = {
  secondary: 0x01,
  noDad: 0x02,
  dadFailed: 0x08,
  home: 0x10,
  deprecated: 0x20,
  tentative: 0x40,
  permanent: 0x80,
  manageTemporary: 0x100,
  noPrefixRoute: 0x200,
  autoJoin: 0x400,
} as const;

export interface InterfaceAddress {
  readonly ifindex: number;
  /** The address that this host has. */
  readonly address: Address;
  readonly prefixLength: number;
  readonly scope: number;
  readonly flags: number;
  /** IPv4 only; the interface's name, or `name:N`. */
  readonly label?: string;
  readonly broadcast?: Address;
  /** The far end of a point-to-point address; absent where it is the address itself. */
  readonly peer?: Address;
  /** Seconds for which new connections may use it (IPv6; 0: deprecated from the start). It stays valid for ever. */
  readonly preferredLifetime?: number;
}

/** struct ifa_cacheinfo: preferred and valid, seconds, and two time stamps. */
function lifetimes(preferred: number): Uint8Array {
  const out = new Uint8Array(16);
  viewOf(out).setUint32(0, preferred, little);
  viewOf(out).setUint32(4, 0xffffffff, little);
  return out;
}

export function encodeInterfaceAddress(value: InterfaceAddress): Uint8Array {
  const header = new Uint8Array(8);
  const view = viewOf(header);
  view.setUint8(0, familyNumber(value.address.family));
  view.setUint8(1, value.prefixLength);
  view.setUint8(2, value.flags & 0xff);
  view.setUint8(3, value.scope);
  view.setUint32(4, value.ifindex, little);
  const attributes: Attribute[] = [
    { type: 1, payload: encodeAddress(value.peer ?? value.address) },
    { type: 2, payload: encodeAddress(value.address) },
    ...(value.label === undefined ? [] : [textAttribute(3, value.label)]),
    ...(value.broadcast === undefined ? [] : [{ type: 4, payload: encodeAddress(value.broadcast) }]),
    ...(value.preferredLifetime === undefined ? [] : [{ type: 6, payload: lifetimes(value.preferredLifetime) }]),
    u32Attribute(8, value.flags),
  ];
  return concat(header, encodeAttributes(attributes));
}

/** The address, or undefined for bytes that are none. IPv6 has no `local` attribute unless there is a peer. */
export function decodeInterfaceAddress(payload: Uint8Array): InterfaceAddress | undefined {
  const attributes = payload.length < 8 ? undefined : attributeMap(payload.subarray(8));
  if (attributes === undefined) return undefined;
  const view = viewOf(payload);
  const far = decodeAddress(attributes.get(1) ?? new Uint8Array(0));
  const local = decodeAddress(attributes.get(2) ?? new Uint8Array(0)) ?? far;
  if (local === undefined || familyNumber(local.family) !== view.getUint8(0)) return undefined;
  const label = textOf(attributes.get(3));
  const broadcast = decodeAddress(attributes.get(4) ?? new Uint8Array(0));
  const peer = far !== undefined && !sameAddress(far, local) ? far : undefined;
  return {
    ifindex: view.getUint32(4, little),
    address: local,
    prefixLength: view.getUint8(1),
    scope: view.getUint8(3),
    flags: u32Of(attributes.get(8)) ?? view.getUint8(2),
    ...(label === undefined ? {} : { label }),
    ...(broadcast === undefined ? {} : { broadcast }),
    ...(peer === undefined ? {} : { peer }),
  };
}

export function dumpAddresses(): NetlinkRequest {
  return { type: RouteMessage.getAddress, flags: NetlinkFlag.dump, payload: new Uint8Array(8) };
}

/** The kernel answers EEXIST when the interface has this address with this prefix length. */
export function addAddress(value: InterfaceAddress): NetlinkRequest {
  return { type: RouteMessage.newAddress, flags: NetlinkFlag.create | NetlinkFlag.exclusive, payload: encodeInterfaceAddress(value) };
}

/** The kernel answers EADDRNOTAVAIL when there is no such address; a label that is given must match. */
export function deleteAddress(value: InterfaceAddress): NetlinkRequest {
  return { type: RouteMessage.deleteAddress, flags: 0, payload: encodeInterfaceAddress(value) };
}
