// Policies of IPsec over netlink (linux/xfrm.h): struct xfrm_userpolicy_info and its attributes.
//
//      0               1               2               3
//     +---------------------------------------------------------------+
//     |     selector: destination (16 bytes), source (16 bytes)       |
//     |  destination port, its mask, source port, its mask (all BE)   |
//     +-------------------------------+---------------+---------------+
//     |            family             | prefix length | prefix length |   of the destination, of the source
//     +---------------+---------------+---------------+---------------+
//     |   protocol    |            0; interface, user (4 bytes each)  |
//     |   lifetimes (96 bytes); priority, index (4 bytes each)        |
//     +---------------+---------------+---------------+---------------+
//     |   direction   |    action     |     flags     |     share     |
//     +---------------+---------------+---------------+---------------+
//     |   0 (4 bytes); attributes: 5 templates, 21 mark and mask, 31 interface of xfrm
//     +---------------------------------------------------------------+
import type { Family } from '../model/address.js';
import { blockedByDefault, type IpsecPolicy, type PortSelector } from '../model/ipsec-policy.js';
import type { Subnet } from '../model/subnet.js';
import { decodeAddress } from './address-bytes.js';
import { hostIsLittleEndian as little, viewOf } from './bytes.js';
import { attributeMap, NetlinkFlag, type NetlinkMessage, type NetlinkRequest, u32Of } from './netlink.js';
import { familyNumber } from './rtnetlink.js';

const GET_POLICY = 21;
const GET_DEFAULTS = 40;
/** A security association ended, or is about to. */
const EXPIRE = 24;
/** struct xfrm_userpolicy_id. */
const REQUEST_BYTES = 64;
const AT = {
  destination: 0,
  source: 16,
  destinationPort: 32,
  sourcePort: 36,
  family: 40,
  destinationLength: 42,
  sourceLength: 43,
  protocol: 44,
  ifindex: 48,
  priority: 152,
  direction: 160,
  action: 161,
  attributes: 168,
} as const;
const BLOCK = 1;
const DIRECTIONS = new Map([
  [1, 'out'],
  [2, 'fwd'],
] as const);
/** struct xfrm_userpolicy_default: a byte for each of in, fwd and out. */
const DEFAULT_AT = { fwd: 1, out: 2 } as const;
const [TEMPLATES, MARK, INTERFACE] = [5, 21, 31];
const FAMILIES: readonly Family[] = ['inet', 'inet6'];

/** Asks for the policies of all directions and families. */
export const dumpPolicies = (): NetlinkRequest => ({
  type: GET_POLICY,
  flags: NetlinkFlag.dump,
  payload: new Uint8Array(REQUEST_BYTES),
});

/** Asks for the defaults of all directions; Linux before 5.14 answers EINVAL. */
export const getDefaults = (): NetlinkRequest => ({ type: GET_DEFAULTS, flags: 0, payload: new Uint8Array(4) });

/** The policies that stand for the defaults of block. */
export const decodeDefaults = (payload: Uint8Array): readonly IpsecPolicy[] =>
  (['out', 'fwd'] as const).filter((direction) => payload[DEFAULT_AT[direction]] === BLOCK).flatMap(blockedByDefault);

/** Is the message about policies? Associations that expire are reported to the same group as policies that do. */
export const isAboutPolicies = ({ type }: NetlinkMessage): boolean => type !== EXPIRE;

/** The subnet of a selector, read as of this family: a selector without a family is for any of either. undefined: the bytes are cut short. */
function subnet(payload: Uint8Array, at: number, family: Family, length: number): Subnet | undefined {
  const address = decodeAddress(payload.subarray(at, at + (family === 'inet' ? 4 : 16)));
  return address && { address, prefixLength: length };
}

function ports(view: DataView, at: number): PortSelector {
  const mask = view.getUint16(at + 2);
  return { port: view.getUint16(at) & mask, mask };
}

/**
 * The policy; undefined: it is for packets that come in for this host, for those with a mark or of an interface of xfrm, or the bytes are no policy.
 */
export function decodePolicy(payload: Uint8Array): IpsecPolicy | undefined {
  const map = payload.length < AT.attributes ? undefined : attributeMap(payload.subarray(AT.attributes));
  const direction = DIRECTIONS.get(payload[AT.direction] as 1 | 2);
  if (map === undefined || direction === undefined) return undefined;
  const view = viewOf(payload);
  const family = FAMILIES.find((one) => familyNumber(one) === view.getUint16(AT.family, little));
  const mark = map.get(MARK);
  const isMarked = mark !== undefined && u32Of(mark.subarray(0, 4)) !== 0;
  if (family === undefined || isMarked || (u32Of(map.get(INTERFACE)) ?? 0) !== 0) return undefined;
  const source = subnet(payload, AT.source, family, payload[AT.sourceLength] ?? 0);
  const destination = subnet(payload, AT.destination, family, payload[AT.destinationLength] ?? 0);
  if (source === undefined || destination === undefined) return undefined;
  const protects = (map.get(TEMPLATES)?.length ?? 0) > 0;
  return {
    direction,
    source,
    destination,
    protocol: payload[AT.protocol] ?? 0,
    sourcePort: ports(view, AT.sourcePort),
    destinationPort: ports(view, AT.destinationPort),
    ifindex: view.getInt32(AT.ifindex, little),
    priority: view.getUint32(AT.priority, little),
    action: payload[AT.action] === BLOCK ? 'block' : protects ? 'protect' : 'pass',
  };
}
