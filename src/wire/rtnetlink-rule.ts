// Policy rules over route netlink (linux/fib_rules.h), as keepalived.conf states them.
//
//      0               1               2               3
//     +---------------+---------------+---------------+---------------+
//     |    family     |  destination  | source length |      tos      |
//     |               |    length     |               |               |
//     +---------------+---------------+---------------+---------------+
//     |     table     |       0       |       0       |    action     |
//     +---------------+---------------+---------------+---------------+
//     |                  flags (2: the selector inverted)             |
//     |   attributes: 1 to, 2 from, 3 iif, 4 goto, 6 priority, 10 mark, 11 realms, 12 tunnel, 13 14 suppressors, 15 table,
//     |   16 mask, 17 oif, 19 l3mdev, 20 uids, 21 protocol of the rule's owner, 22 protocol, 23 24 port ranges
//     +---------------------------------------------------------------+
import type { Family } from '../model/address.js';
import type { HostRule } from '../model/keepalived/network.js';
import { encodeAddress } from './address-bytes.js';
import { concat, hostIsLittleEndian as little, viewOf } from './bytes.js';
import { KEEPALIVED_PROTOCOL } from './keepalived-route.js';
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
import { familyNumber } from './rtnetlink.js';

export const RuleMessage = { newRule: 32, deleteRule: 33, getRule: 34 } as const;

const ACTIONS = { table: 1, goto: 2, nop: 3, blackhole: 6, unreachable: 7, prohibit: 8 } as const;
const INVERTED = 2;

function pair(bytes: 2 | 4, from: number, to: number): Uint8Array {
  const out = new Uint8Array(2 * bytes);
  const view = viewOf(out);
  if (bytes === 2) {
    view.setUint16(0, from, little);
    view.setUint16(2, to, little);
  } else {
    view.setUint32(0, from, little);
    view.setUint32(4, to, little);
  }
  return out;
}

function tunnel(id: bigint): Uint8Array {
  const out = new Uint8Array(8);
  viewOf(out).setBigUint64(0, id);
  return out;
}

function attributes(rule: HostRule): Attribute[] {
  const { action } = rule;
  const some = <T>(value: T | undefined, make: (value: T) => Attribute): Attribute[] => (value === undefined ? [] : [make(value)]);
  return [
    ...some(rule.to, ({ address }) => ({ type: 1, payload: encodeAddress(address) })),
    ...some(rule.from, ({ address }) => ({ type: 2, payload: encodeAddress(address) })),
    ...some(rule.iif, (name) => textAttribute(3, name)),
    ...(action.kind === 'goto' ? [u32Attribute(4, action.preference)] : []),
    ...some(rule.preference, (value) => u32Attribute(6, value)),
    ...some(rule.fwmark, ({ mark }) => u32Attribute(10, mark)),
    ...some(rule.realms, (value) => u32Attribute(11, value)),
    ...some(rule.tunnelId, (id) => ({ type: 12, payload: tunnel(id) })),
    ...some(rule.suppressGroup, (value) => u32Attribute(13, value)),
    ...some(rule.suppressPrefixLength, (value) => u32Attribute(14, value)),
    ...(action.kind === 'table' ? [u32Attribute(15, action.table)] : []),
    ...some(rule.fwmark?.mask, (value) => u32Attribute(16, value)),
    ...some(rule.oif, (name) => textAttribute(17, name)),
    ...(rule.l3mdev ? [{ type: 19, payload: Uint8Array.of(1) }] : []),
    ...some(rule.uidRange, ({ from, to }) => ({ type: 20, payload: pair(4, from, to) })),
    { type: 21, payload: Uint8Array.of(rule.protocol ?? KEEPALIVED_PROTOCOL) },
    ...some(rule.ipProtocol, (value) => ({ type: 22, payload: Uint8Array.of(value) })),
    ...some(rule.sourcePort, ({ from, to }) => ({ type: 23, payload: pair(2, from, to) })),
    ...some(rule.destinationPort, ({ from, to }) => ({ type: 24, payload: pair(2, from, to) })),
  ];
}

function encode(rule: HostRule): Uint8Array {
  const header = new Uint8Array(12);
  const table = rule.action.kind === 'table' && rule.action.table < 256 ? rule.action.table : 0;
  header.set([
    familyNumber(rule.family),
    rule.to?.length ?? 0,
    rule.from?.length ?? 0,
    rule.tos ?? 0,
    table,
    0,
    0,
    ACTIONS[rule.action.kind],
  ]);
  viewOf(header).setUint32(8, rule.not ? INVERTED : 0, little);
  return concat(header, encodeAttributes(attributes(rule)));
}

/** The kernel answers EEXIST when there is such a rule. */
export function addRule(rule: HostRule): NetlinkRequest {
  return { type: RuleMessage.newRule, flags: NetlinkFlag.create | NetlinkFlag.exclusive, payload: encode(rule) };
}

/** The kernel answers ENOENT when there is no such rule. */
export function deleteRule(rule: HostRule): NetlinkRequest {
  return { type: RuleMessage.deleteRule, flags: 0, payload: encode(rule) };
}

/** As the kernel has it: enough to know weir's own rules, the one for local addresses, and those that choose by source. */
export interface RuleSeen {
  readonly preference: number;
  readonly table: number;
  /** RTPROT_*: who made it. */
  readonly protocol: number;
  readonly mark: number;
  /** Name of the interface; absent: any. */
  readonly iif?: string;
  /** Of IP; absent: any. */
  readonly ipProtocol?: number;
  /** Its selector has a network of sources. */
  readonly bySource: boolean;
  /** Its selector has nothing else, and its action is the table. */
  readonly plain: boolean;
}

/** What a plain rule has in its header besides the table, and its attributes: priority, mark, suppressors that are off, table, mask, protocols. */
const PLAIN = { attributes: new Set([3, 6, 10, 13, 14, 15, 16, 21, 22]), none: 0xffffffff } as const;

/** The rule, or undefined for bytes that are none. */
export function decodeRule(payload: Uint8Array): RuleSeen | undefined {
  const map = payload.length < 12 ? undefined : attributeMap(payload.subarray(12));
  if (map === undefined) return undefined;
  const number = (type: number): number => u32Of(map.get(type)) ?? 0;
  const [iif, ipProtocol] = [textOf(map.get(3)), map.get(22)?.[0]];
  // Other flags: that the interface it names is not there.
  const selector = payload.subarray(1, 4).some((byte) => byte !== 0) || (viewOf(payload).getUint32(8, little) & INVERTED) !== 0;
  const suppressed = [13, 14].some((type) => map.has(type) && number(type) !== PLAIN.none);
  return {
    preference: number(6),
    table: map.has(15) ? number(15) : (payload[4] ?? 0),
    protocol: map.get(21)?.[0] ?? 0,
    mark: number(10),
    ...(iif === undefined ? {} : { iif }),
    ...(ipProtocol === undefined ? {} : { ipProtocol }),
    bySource: payload[2] !== 0,
    plain: !selector && !suppressed && payload[7] === ACTIONS.table && [...map.keys()].every((type) => PLAIN.attributes.has(type)),
  };
}

export function dumpRules(family: Family): NetlinkRequest {
  const payload = new Uint8Array(12);
  payload[0] = familyNumber(family);
  return { type: RuleMessage.getRule, flags: NetlinkFlag.dump, payload };
}

/** Like addRule, but also where there is such a rule: the kernel puts it behind those of its preference. */
export function appendRule(rule: HostRule): NetlinkRequest {
  return { ...addRule(rule), flags: NetlinkFlag.create };
}

/** What identifies a rule in the kernel's messages: family, preference, action's number; undefined for bytes that are none. */
export function ruleIdentity(payload: Uint8Array): string | undefined {
  const map = payload.length < 12 ? undefined : attributeMap(payload.subarray(12));
  return map === undefined ? undefined : `${payload[0]} ${u32Of(map.get(6)) ?? 0} ${payload[7]}`;
}

/** What identifies a configured rule among the kernel's messages: family, preference, action's number. */
export function identityOfRule(rule: HostRule): string {
  return `${familyNumber(rule.family)} ${rule.preference ?? 0} ${ACTIONS[rule.action.kind]}`;
}
