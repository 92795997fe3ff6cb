// Which offloads of an interface are on: generic netlink's family "ethtool" (kernel: Documentation/networking/ethtool-netlink).
//
//      0               1               2               3
//     +---------------+---------------+-------------------------------+
//     |    command    |    version    |               0               |
//     |   attributes: 1 header {1 interface index, 3 flags}, 4 active features {3 bits {1 bit {1 index, 2 name}}}
//     +---------------------------------------------------------------+
import { concat, hostIsLittleEndian as little, viewOf } from './bytes.js';
import {
  attributeMap,
  decodeAttributes,
  encodeAttributes,
  NetlinkFlag,
  type NetlinkRequest,
  nested,
  textAttribute,
  textOf,
  u32Attribute,
} from './netlink.js';

const CONTROL_TYPE = 16;
const CONTROL_GET_FAMILY = 3;
const FAMILY_ID = 1;
const FAMILY_NAME = 2;
const FEATURES_GET = 11;
const FEATURES_HEADER = 1;
const FEATURES_ACTIVE = 4;
const HEADER_INDEX = 1;
const BITSET_BITS = 3;
const BIT = 1;
const BIT_NAME = 2;

const genericHeader = (command: number, version: number): Uint8Array => Uint8Array.of(command, version, 0, 0);

/** Asks for the number of a family of generic netlink, which may differ after every boot. */
export function lookUpFamily(name: string): NetlinkRequest {
  const payload = concat(genericHeader(CONTROL_GET_FAMILY, 1), encodeAttributes([textAttribute(FAMILY_NAME, name)]));
  return { type: CONTROL_TYPE, flags: 0, payload };
}

export function decodeFamily(payload: Uint8Array): number | undefined {
  const id = payload.length < 4 ? undefined : attributeMap(payload.subarray(4))?.get(FAMILY_ID);
  return id?.length === 2 ? viewOf(id).getUint16(0, little) : undefined;
}

/** Asks for all families; unlike a question for one, it loads no module. */
export const dumpFamilies = (): NetlinkRequest => ({
  type: CONTROL_TYPE,
  flags: NetlinkFlag.dump,
  payload: genericHeader(CONTROL_GET_FAMILY, 1),
});

/** The number of the family of this name; undefined: another family. */
export function decodeFamilyNamed(payload: Uint8Array, name: string): number | undefined {
  const found = payload.length < 4 ? undefined : textOf(attributeMap(payload.subarray(4))?.get(FAMILY_NAME));
  return found === name ? decodeFamily(payload) : undefined;
}

export function getFeatures(family: number, ifindex: number): NetlinkRequest {
  const header = nested(FEATURES_HEADER, [u32Attribute(HEADER_INDEX, ifindex)]);
  return { type: family, flags: 0, payload: concat(genericHeader(FEATURES_GET, 1), encodeAttributes([header])) };
}

/** Names of the features that are on (`rx-gro`, `rx-lro` …), or undefined for bytes that are no such answer. */
export function decodeActiveFeatures(payload: Uint8Array): readonly string[] | undefined {
  const active = payload.length < 4 ? undefined : attributeMap(payload.subarray(4))?.get(FEATURES_ACTIVE);
  const bits = active === undefined ? undefined : attributeMap(active)?.get(BITSET_BITS);
  const list = bits === undefined ? undefined : decodeAttributes(bits);
  return list?.filter(({ type }) => type === BIT).flatMap((bit) => textOf(attributeMap(bit.payload)?.get(BIT_NAME)) ?? []);
}
