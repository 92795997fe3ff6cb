// The nft table by which the host's packet filter sees new connections before they are balanced: behind all other chains of INPUT, what is for a
// service goes back to the datapath by weir's pair, and not to this host. Pure.
//
//     chain accepted { type filter hook input priority 2147483646
//       iif weir1 accept                                                           what no service took is for this host
//       meta l4proto tcp, SYN without RST, (protocol, address, port) @services: dup to weir0, drop
//       meta l4proto != tcp, the same
//       and so on by @addresses, of services of all ports
//     }
import type { Family } from '../../../model/address.js';
import { IpProtocol } from '../../../model/ip-protocol.js';
import type { ServiceKey } from '../../../model/service.js';
import { encodeAddress } from '../../../wire/address-bytes.js';
import { concat, hostIsLittleEndian as little, viewOf } from '../../../wire/bytes.js';
import {
  accept,
  addElements,
  deleteTable,
  differs,
  drop,
  duplicate,
  type Expression,
  equals,
  joined,
  load,
  lookUp,
  mask,
  meta,
  NftFamily,
  NftHook,
  type NftMessage,
  NftMeta,
  NftType,
  newChain,
  newRule,
  newSet,
  newTable,
  PayloadBase,
  payload,
} from '../../../wire/nftables.js';

export const FIREWALL_TABLE = 'weir';
const CHAIN = 'accepted';
/** The last one before conntrack confirms a connection: what was sent back is none of this host's. */
const LAST_PRIORITY = 0x7fffffff - 1;

export type AddressKey = Extract<ServiceKey, { readonly kind: 'address' }>;

/** What the table is made of. */
export interface FirewallTable {
  readonly services: readonly AddressKey[];
  /** Numbers of weir0 and weir1. */
  readonly near: number;
  readonly far: number;
  /** Where the copies are sent to, by weir0. */
  readonly gateway: Uint8Array;
  /** Any packet of TCP may begin a connection (net.ipv4.vs.sloppy_tcp). */
  readonly sloppyTcp: boolean;
}

/** Of a family: where the destination stands, and which 32-bit registers (from 8 on) have protocol, address and port, one behind the other. */
const PLACE = {
  inet: { table: NftFamily.ip, type: NftType.ipv4, offset: 16, length: 4, port: 10 },
  inet6: { table: NftFamily.ip6, type: NftType.ipv6, offset: 24, length: 16, port: 13 },
} as const;
const [PROTOCOL_REGISTER, ADDRESS_REGISTER] = [8, 9];
/** Of 16 bytes each, over the first of the others. */
const [FIRST, SECOND] = [1, 2];
const TCP_FLAGS = { offset: 13, syn: 2, reset: 4 } as const;

function ofHost(value: number): Uint8Array {
  const out = new Uint8Array(4);
  viewOf(out).setUint32(0, value, little);
  return out;
}

/** A part of a joined key takes whole registers. */
function inRegister(...bytes: readonly number[]): Uint8Array {
  const out = new Uint8Array(4);
  out.set(bytes);
  return out;
}

const addressElement = ({ protocol, address }: AddressKey): Uint8Array => concat(inRegister(IpProtocol[protocol]), encodeAddress(address));
const serviceElement = (key: AddressKey): Uint8Array => concat(addressElement(key), inRegister(key.port >> 8, key.port & 0xff));

/** What may begin a connection, of TCP and of the others. */
function beginnings(sloppyTcp: boolean): readonly (readonly Expression[])[] {
  const tcp = Uint8Array.of(IpProtocol.tcp);
  const { offset, syn, reset } = TCP_FLAGS;
  const [bits, value] = sloppyTcp ? [reset, 0] : [syn | reset, syn];
  const flags = [payload(FIRST, PayloadBase.transport, offset, 1), mask(FIRST, Uint8Array.of(bits)), equals(FIRST, Uint8Array.of(value))];
  return [
    [meta(FIRST, NftMeta.protocol), equals(FIRST, tcp), ...flags],
    [meta(FIRST, NftMeta.protocol), differs(FIRST, tcp)],
  ];
}

/** Replaces the table of a family by that of these services; without services there is none. */
export function firewallMessages(family: Family, { services, near, far, gateway, sloppyTcp }: FirewallTable): readonly NftMessage[] {
  const { table, type, offset, length, port } = PLACE[family];
  const ofFamily = services.filter(({ address }) => address.family === family);
  const gone = [newTable(table, FIREWALL_TABLE), deleteTable(table, FIREWALL_TABLE)];
  if (ofFamily.length === 0) return gone;
  const rule = (...expressions: readonly Expression[]): NftMessage => newRule(table, FIREWALL_TABLE, CHAIN, expressions);
  const back = [load(FIRST, gateway), load(SECOND, ofHost(near)), duplicate(FIRST, SECOND), drop()];
  const key = [meta(PROTOCOL_REGISTER, NftMeta.protocol), payload(ADDRESS_REGISTER, PayloadBase.network, offset, length)];
  const exact = ofFamily.filter((one) => one.port !== 0);
  const all = ofFamily.filter((one) => one.port === 0);
  const ofAddress = joined(NftType.protocol, type);
  const sets = [
    { name: 'services', keyType: joined(ofAddress, NftType.port), keyLength: 8 + length, keys: exact.map(serviceElement) },
    { name: 'addresses', keyType: ofAddress, keyLength: 4 + length, keys: all.map(addressElement) },
  ].filter(({ keys }) => keys.length > 0);
  return [
    ...gone,
    newTable(table, FIREWALL_TABLE),
    newChain(table, FIREWALL_TABLE, CHAIN, { number: NftHook.input, priority: LAST_PRIORITY }),
    rule(meta(FIRST, NftMeta.iif), equals(FIRST, ofHost(far)), accept()),
    ...sets.flatMap(({ name, keyType, keyLength, keys }, at) => [
      newSet(table, FIREWALL_TABLE, { name, keyType, keyLength }, at + 1),
      ...elementMessages(table, name, keys),
      ...beginnings(sloppyTcp).map((begins) =>
        rule(
          ...begins,
          ...key,
          ...(name === 'services' ? [payload(port, PayloadBase.transport, 2, 2)] : []),
          lookUp(PROTOCOL_REGISTER, name),
          ...back,
        ),
      ),
    ]),
  ];
}

/** An attribute has 16 bits for its length. */
const KEYS_A_MESSAGE = 500;

function elementMessages(table: number, set: string, keys: readonly Uint8Array[]): readonly NftMessage[] {
  const messages: NftMessage[] = [];
  for (let at = 0; at < keys.length; at += KEYS_A_MESSAGE)
    messages.push(
      addElements(
        table,
        FIREWALL_TABLE,
        set,
        keys.slice(at, at + KEYS_A_MESSAGE).map((key) => ({ key })),
      ),
    );
  return messages;
}
