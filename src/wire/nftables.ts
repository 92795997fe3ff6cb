// nf_tables over netfilter netlink: the few objects that drop rules for virtual addresses need (linux/netfilter/nf_tables.h).
//
//     one datagram: BATCH_BEGIN, messages, BATCH_END; the kernel applies all of them or none
//     message: struct nlmsghdr (type = subsystem << 8 | what), then
//      0               1               2               3
//     +---------------+---------------+-------------------------------+
//     |    family     |   version 0   |  batch: the subsystem (be)    |
//     |                 attributes, integers big-endian               |
//     +---------------------------------------------------------------+
import { concat, viewOf } from './bytes.js';
import {
  type Attribute,
  decodeAttributes,
  encodeAttributes,
  encodeMessage,
  NetlinkFlag,
  type NetlinkMessage,
  nested,
  textAttribute,
} from './netlink.js';

const SUBSYSTEM = 10;
const BATCH = { begin: 16, end: 17 } as const;
const MESSAGE = {
  newTable: 0,
  getTable: 1,
  deleteTable: 2,
  newChain: 3,
  deleteChain: 5,
  newRule: 6,
  getRule: 7,
  deleteRule: 8,
  newSet: 9,
  newElement: 12,
} as const;

/** NFPROTO_* */
export const NftFamily = { ip: 2, ip6: 10 } as const;
/** nft's numbers of key types: how listings print them. */
export const NftType = { ipv4: 7, ipv6: 8, protocol: 12, port: 13, ifindex: 20, icmpv6: 29 } as const;
/** The type of two joined keys. */
export const joined = (first: number, second: number): number => (first << 6) | second;
export const NftHook = { input: 1, output: 3 } as const;
export const NftMeta = { oif: 5, iif: 4, protocol: 16, oifKind: 27 } as const;
export const PayloadBase = { network: 1, transport: 2 } as const;

export interface NftMessage {
  readonly type: number;
  readonly flags: number;
  readonly family: number;
  readonly attributes: readonly Attribute[];
}

function be32(value: number): Uint8Array {
  const out = new Uint8Array(4);
  viewOf(out).setUint32(0, value >>> 0);
  return out;
}

const number = (type: number, value: number): Attribute => ({ type, payload: be32(value) });
const data = (type: number, value: Uint8Array): Attribute => nested(type, [{ type: 1, payload: value }]);
const LIST_ELEMENT = 1;

export type Expression = Attribute;

function expression(name: string, attributes: readonly Attribute[]): Expression {
  return nested(LIST_ELEMENT, [textAttribute(1, name), nested(2, attributes)]);
}

export const payload = (register: number, base: number, offset: number, length: number): Expression =>
  expression('payload', [number(1, register), number(2, base), number(3, offset), number(4, length)]);
export const meta = (register: number, key: number): Expression => expression('meta', [number(1, register), number(2, key)]);
export const equals = (register: number, value: Uint8Array): Expression =>
  expression('cmp', [number(1, register), number(2, 0), data(3, value)]);
export const differs = (register: number, value: Uint8Array): Expression =>
  expression('cmp', [number(1, register), number(2, 1), data(3, value)]);
export const mask = (register: number, bits: Uint8Array): Expression =>
  expression('bitwise', [
    number(1, register),
    number(2, register),
    number(3, bits.length),
    data(4, bits),
    data(5, new Uint8Array(bits.length)),
  ]);
/** `into`: the register for a map's answer. */
export const lookUp = (register: number, set: string, into?: number): Expression =>
  expression('lookup', [textAttribute(1, set), number(2, register), ...(into === undefined ? [] : [number(3, into)])]);
export const counter = (): Expression =>
  expression('counter', [
    { type: 1, payload: new Uint8Array(8) },
    { type: 2, payload: new Uint8Array(8) },
  ]);
/** Puts bytes into a register. */
export const load = (register: number, value: Uint8Array): Expression => expression('immediate', [number(1, register), data(2, value)]);
/** Sends a copy to an address by a device. */
export const duplicate = (address: number, device: number): Expression => expression('dup', [number(1, address), number(2, device)]);
const verdict = (code: number, chain?: string): Expression =>
  expression('immediate', [
    number(1, 0),
    nested(2, [nested(2, [number(1, code), ...(chain === undefined ? [] : [textAttribute(2, chain)])])]),
  ]);
export const drop = (): Expression => verdict(0);
export const accept = (): Expression => verdict(1);
export const goTo = (chain: string): Expression => verdict(-4, chain);

const CREATE = NetlinkFlag.create;

export const newTable = (family: number, table: string): NftMessage => ({
  type: MESSAGE.newTable,
  flags: CREATE,
  family,
  attributes: [textAttribute(1, table), number(2, 0)],
});
/** Asks for all tables of all families. */
export const encodeTablesQuestion = (sequence: number): Uint8Array =>
  encodeMessage({
    type: (SUBSYSTEM << 8) | MESSAGE.getTable,
    flags: NetlinkFlag.request | NetlinkFlag.dump,
    sequence,
    port: 0,
    payload: header(0, 0),
  });
/** Asks for a table, by itself: it is no part of a batch. ENOENT: there is none. */
export const encodeTableQuestion = (family: number, table: string, sequence: number): Uint8Array =>
  encodeMessage({
    type: (SUBSYSTEM << 8) | MESSAGE.getTable,
    flags: NetlinkFlag.request,
    sequence,
    port: 0,
    payload: concat(header(family, 0), encodeAttributes([textAttribute(1, table)])),
  });
/** Asks for all rules of a table: none where there is no such table. */
export const encodeRulesQuestion = (family: number, table: string, sequence: number): Uint8Array =>
  encodeMessage({
    type: (SUBSYSTEM << 8) | MESSAGE.getRule,
    flags: NetlinkFlag.request | NetlinkFlag.dump,
    sequence,
    port: 0,
    payload: concat(header(family, 0), encodeAttributes([textAttribute(1, table)])),
  });

const ABOUT_RULES: readonly number[] = [
  MESSAGE.newTable,
  MESSAGE.deleteTable,
  MESSAGE.newChain,
  MESSAGE.deleteChain,
  MESSAGE.newRule,
  MESSAGE.deleteRule,
];

/** Of what the kernel reports: did a table, chain or rule come or go? Elements of sets are none of it: nothing is decided by them. */
export const isAboutRules = ({ type }: NetlinkMessage): boolean => type >> 8 === SUBSYSTEM && ABOUT_RULES.includes(type & 0xff);

/** A table, as the kernel lists it. */
export interface NftTable {
  readonly family: number;
  readonly name: string;
}

/** Of a message about a table. */
export function decodeTable(payload: Uint8Array): NftTable | undefined {
  const name = decodeAttributes(payload.subarray(4))?.find(({ type }) => type === 1);
  return name === undefined ? undefined : { family: payload[0] ?? 0, name: new TextDecoder().decode(name.payload).replace(/\0.*$/s, '') };
}

/** The kernel answers ENOENT when there is no such table. */
export const deleteTable = (family: number, table: string): NftMessage => ({
  type: MESSAGE.deleteTable,
  flags: 0,
  family,
  attributes: [textAttribute(1, table)],
});
/** `hook` absent: a chain that is only jumped to. */
export const newChain = (
  family: number,
  table: string,
  name: string,
  hook?: { readonly number: number; readonly priority: number },
): NftMessage => ({
  type: MESSAGE.newChain,
  flags: CREATE,
  family,
  attributes: [
    textAttribute(1, table),
    textAttribute(3, name),
    ...(hook === undefined
      ? []
      : [nested(4, [number(1, hook.number), number(2, hook.priority)]), number(5, 1), textAttribute(7, 'filter')]),
  ],
});
export const newRule = (family: number, table: string, chain: string, expressions: readonly Expression[]): NftMessage => ({
  type: MESSAGE.newRule,
  flags: CREATE | NetlinkFlag.append,
  family,
  attributes: [textAttribute(1, table), textAttribute(2, chain), nested(4, expressions)],
});

export interface NftSet {
  readonly name: string;
  readonly keyType: number;
  /** bytes */
  readonly keyLength: number;
  readonly constant?: boolean;
  /** A map's values. */
  readonly data?: { readonly type: number; readonly length: number };
}

const SET = { constant: 2, map: 8 } as const;

/** What listings need to know to print a number of this machine's byte order: records of type, length, value (nft's own). */
function byteOrders(set: NftSet): readonly Attribute[] {
  const host = [set.keyType, set.data?.type].map((type, index) =>
    type === NftType.ifindex ? Uint8Array.of(index, 4, 1, 0, 0, 0) : new Uint8Array(0),
  );
  const payload = concat(...host);
  return payload.length === 0 ? [] : [{ type: 13, payload }];
}

/** `id` distinguishes the sets of one batch. */
export const newSet = (family: number, table: string, set: NftSet, id: number): NftMessage => ({
  type: MESSAGE.newSet,
  flags: CREATE,
  family,
  attributes: [
    textAttribute(1, table),
    textAttribute(2, set.name),
    number(3, (set.constant === true ? SET.constant : 0) | (set.data === undefined ? 0 : SET.map)),
    number(4, set.keyType),
    number(5, set.keyLength),
    ...(set.data === undefined ? [] : [number(6, set.data.type), number(7, set.data.length)]),
    number(10, id),
    ...byteOrders(set),
  ],
});

export const addElements = (
  family: number,
  table: string,
  set: string,
  keys: readonly { readonly key: Uint8Array; readonly data?: Uint8Array }[],
): NftMessage => ({
  type: MESSAGE.newElement,
  flags: CREATE,
  family,
  attributes: [
    textAttribute(1, table),
    textAttribute(2, set),
    nested(
      3,
      keys.map((one) => nested(LIST_ELEMENT, [data(1, one.key), ...(one.data === undefined ? [] : [data(2, one.data)])])),
    ),
  ],
});

function header(family: number, resource: number): Uint8Array {
  const out = new Uint8Array(4);
  out[0] = family;
  viewOf(out).setUint16(2, resource);
  return out;
}

/** One transaction as a datagram; each message but the frame's asks for an acknowledgement. Sequence numbers count from `sequence`. */
export function encodeBatch(messages: readonly NftMessage[], sequence: number): Uint8Array {
  const frame = (type: number, at: number): Uint8Array =>
    encodeMessage({ type, flags: NetlinkFlag.request, sequence: at, port: 0, payload: header(0, SUBSYSTEM) });
  return concat(
    frame(BATCH.begin, sequence),
    ...messages.map(({ type, flags, family, attributes }, index) =>
      encodeMessage({
        type: (SUBSYSTEM << 8) | type,
        flags: flags | NetlinkFlag.request | NetlinkFlag.ack,
        sequence: sequence + 1 + index,
        port: 0,
        payload: concat(header(family, 0), encodeAttributes(attributes)),
      }),
    ),
    frame(BATCH.end, sequence + 1 + messages.length),
  );
}
