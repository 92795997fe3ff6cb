// Neighbours (ARP and neighbour-discovery entries) over route netlink (man 7 rtnetlink): struct ndmsg and its attributes.
//
//      0               1               2               3
//     +---------------+---------------+-------------------------------+
//     |    family     |       0       |               0               |
//     +---------------+---------------+-------------------------------+
//     |                        interface index                        |
//     +-------------------------------+---------------+---------------+
//     |             state             |     flags     |     type      |
//     +-------------------------------+---------------+---------------+
//     |   attributes: 1 address, 2 MAC
//     +---------------------------------------------------------------+
import type { Address, Family } from '../model/address.js';
import { decodeAddress, encodeAddress } from './address-bytes.js';
import { concat, hostIsLittleEndian as little, viewOf } from './bytes.js';
import { type Mac, macBytes, macText } from './ethernet.js';
import { attributeMap, encodeAttributes, NetlinkFlag, type NetlinkRequest } from './netlink.js';
import { familyNumber, RouteMessage } from './rtnetlink.js';

export const NeighbourState = {
  incomplete: 0x01,
  reachable: 0x02,
  stale: 0x04,
  delay: 0x08,
  probe: 0x10,
  failed: 0x20,
  noArp: 0x40,
  permanent: 0x80,
} as const;

export interface Neighbour {
  readonly ifindex: number;
  readonly address: Address;
  readonly state: number;
  readonly flags: number;
  readonly mac?: Mac;
}

export function encodeNeighbour(neighbour: Neighbour): Uint8Array {
  const header = new Uint8Array(12);
  const view = viewOf(header);
  view.setUint8(0, familyNumber(neighbour.address.family));
  view.setUint32(4, neighbour.ifindex, little);
  view.setUint16(8, neighbour.state, little);
  view.setUint8(10, neighbour.flags);
  return concat(
    header,
    encodeAttributes([
      { type: 1, payload: encodeAddress(neighbour.address) },
      ...(neighbour.mac === undefined ? [] : [{ type: 2, payload: macBytes(neighbour.mac) }]),
    ]),
  );
}

/** The neighbour, or undefined for bytes that are none (bridge forwarding entries have no address). */
export function decodeNeighbour(payload: Uint8Array): Neighbour | undefined {
  const attributes = payload.length < 12 ? undefined : attributeMap(payload.subarray(12));
  const address = decodeAddress(attributes?.get(1) ?? new Uint8Array(0));
  if (attributes === undefined || address === undefined) return undefined;
  const view = viewOf(payload);
  const mac = attributes.get(2);
  return {
    ifindex: view.getUint32(4, little),
    address,
    state: view.getUint16(8, little),
    flags: view.getUint8(10),
    ...(mac?.length === 6 ? { mac: macText(mac) } : {}),
  };
}

export function dumpNeighbours(family: Family): NetlinkRequest {
  const payload = new Uint8Array(12);
  payload[0] = familyNumber(family);
  return { type: RouteMessage.getNeighbour, flags: NetlinkFlag.dump, payload };
}

/** Asks for one entry; ENOENT: there is none. */
export function lookUpNeighbour(ifindex: number, address: Address): NetlinkRequest {
  return { type: RouteMessage.getNeighbour, flags: 0, payload: encodeNeighbour({ ifindex, address, state: 0, flags: 0 }) };
}

/** Makes the entry, or changes it where there is one. */
export function setNeighbour(neighbour: Neighbour): NetlinkRequest {
  return { type: RouteMessage.newNeighbour, flags: NetlinkFlag.create | NetlinkFlag.replace, payload: encodeNeighbour(neighbour) };
}

export function deleteNeighbour(neighbour: Neighbour): NetlinkRequest {
  return { type: RouteMessage.deleteNeighbour, flags: 0, payload: encodeNeighbour(neighbour) };
}
