// The nft tables `keepalived`: what drops packets to and from virtual addresses (no_accept), and what keeps a macvlan's own chatter off the wire.
import type { Address, Family } from '../../../model/address.js';
import { IpProtocol } from '../../../model/ip-protocol.js';
import { encodeAddress } from '../../../wire/address-bytes.js';
import { concat, hostIsLittleEndian as little, viewOf } from '../../../wire/bytes.js';
import {
  accept,
  addElements,
  counter,
  drop,
  duplicate,
  type Expression,
  equals,
  goTo,
  joined,
  lookUp,
  mask,
  meta,
  NftFamily,
  NftHook,
  type NftMessage,
  NftMeta,
  type NftSet,
  NftType,
  newChain,
  newRule,
  newSet,
  newTable,
  PayloadBase,
  payload,
} from '../../../wire/nftables.js';

export interface TableSettings {
  readonly table: string;
  readonly priority: number;
  readonly counters: boolean;
}

/** What stands in the table of one family. */
export interface TableContent {
  readonly addresses: readonly Address[];
  /** Link-local addresses are of one interface. */
  readonly linkLocal: readonly { readonly address: Address; readonly ifindex: number }[];
  readonly macvlans: readonly { readonly ifindex: number; readonly base: number }[];
}

const IGMP = 2;
const Icmpv6Type = { routerSolicit: 133, neighbourSolicit: 135, neighbourAdvert: 136, listenerReport: 143 } as const;

function index(value: number): Uint8Array {
  const out = new Uint8Array(4);
  viewOf(out).setUint32(0, value, little);
  return out;
}

const linkLocalKey = ({ address, ifindex }: { readonly address: Address; readonly ifindex: number }): Uint8Array =>
  concat(encodeAddress(address), index(ifindex));

/** Where source and destination stand in the header of a family, and how long they are. */
const PLACE = { inet: { source: 12, destination: 16, length: 4 }, inet6: { source: 8, destination: 24, length: 16 } } as const;

class Build {
  readonly messages: NftMessage[] = [];
  readonly #family: number;
  #sets = 0;

  constructor(
    readonly family: Family,
    readonly settings: TableSettings,
    readonly content: TableContent,
  ) {
    this.#family = family === 'inet' ? NftFamily.ip : NftFamily.ip6;
    this.messages.push(newTable(this.#family, settings.table));
  }

  chain(name: string, hook?: number): void {
    const { table, priority } = this.settings;
    this.messages.push(newChain(this.#family, table, name, hook === undefined ? undefined : { number: hook, priority }));
  }

  set(set: NftSet, keys: readonly { readonly key: Uint8Array; readonly data?: Uint8Array }[]): void {
    this.messages.push(newSet(this.#family, this.settings.table, set, ++this.#sets));
    if (keys.length > 0) this.messages.push(addElements(this.#family, this.settings.table, set.name, keys));
  }

  rule(chain: string, ...expressions: readonly Expression[]): void {
    this.messages.push(newRule(this.#family, this.settings.table, chain, expressions));
  }

  /** Counted where that is wanted. */
  counted(...end: readonly Expression[]): Expression[] {
    return this.settings.counters ? [counter(), ...end] : [...end];
  }
}

function icmpv6(type: number): Expression[] {
  return [...icmpv6Header(), equals(1, Uint8Array.of(type))];
}

const icmpv6Header = (): Expression[] => [
  meta(1, NftMeta.protocol),
  equals(1, Uint8Array.of(IpProtocol.icmpv6)),
  payload(1, PayloadBase.transport, 0, 1),
];

function macvlanOnly(): Expression[] {
  const name = new Uint8Array(16);
  name.set(new TextEncoder().encode('macvlan'));
  return [meta(1, NftMeta.oifKind), equals(1, name)];
}

/** Reports of group membership leave by the parent as well, since switches know its address; router solicitations do not leave at all. */
function macvlanRules(build: Build): void {
  const { family, content } = build;
  const { destination, length } = PLACE[family];
  const keys = content.macvlans.map(({ ifindex, base }) => ({ key: index(ifindex), data: index(base) }));
  build.set({ name: 'vmac_map', keyType: NftType.ifindex, keyLength: 4, data: { type: NftType.ifindex, length: 4 } }, keys);
  const toParent = [
    payload(1, PayloadBase.network, destination, length),
    meta(2, NftMeta.oif),
    lookUp(2, 'vmac_map', 2),
    duplicate(1, 2),
    ...build.counted(drop()),
  ];
  if (family === 'inet') {
    build.rule('out', payload(1, PayloadBase.network, 9, 1), equals(1, Uint8Array.of(IGMP)), ...macvlanOnly(), ...toParent);
    return;
  }
  build.set(
    { name: 'vmac_set', keyType: NftType.ifindex, keyLength: 4 },
    keys.map(({ key }) => ({ key })),
  );
  build.rule('out', ...icmpv6(Icmpv6Type.listenerReport), ...macvlanOnly(), ...toParent);
  build.rule(
    'out',
    ...icmpv6(Icmpv6Type.routerSolicit),
    ...macvlanOnly(),
    meta(1, NftMeta.oif),
    lookUp(1, 'vmac_set'),
    ...build.counted(drop()),
  );
}

/** IPv6: neighbour discovery works on, and link-local addresses are judged together with their interface. */
function linkLocalRules(build: Build): void {
  const discovery = [Icmpv6Type.neighbourSolicit, Icmpv6Type.neighbourAdvert].map((type) => ({ key: Uint8Array.of(type) }));
  build.set({ name: 'neighbor-discovery', keyType: NftType.icmpv6, keyLength: 1, constant: true }, discovery);
  const { linkLocal } = build.content;
  const prefix = new Uint8Array(16);
  prefix.set([0xfe, 0x80]);
  const ten = new Uint8Array(16);
  ten.set([0xff, 0xc0]);
  for (const [chain, place] of [
    ['in', PLACE.inet6.destination],
    ['out', PLACE.inet6.source],
  ] as const) {
    build.chain(`${chain}_link_local`);
    build.rule(chain, ...icmpv6Header(), lookUp(1, 'neighbor-discovery'), ...build.counted(accept()));
    build.rule(
      chain,
      payload(1, PayloadBase.network, place, 16),
      mask(1, ten),
      equals(1, prefix),
      ...build.counted(goTo(`${chain}_link_local`)),
    );
  }
  if (linkLocal.length === 0) return;
  const keyType = joined(NftType.ipv6, NftType.ifindex);
  build.set(
    { name: 'vips_link_local', keyType, keyLength: 20 },
    linkLocal.map((one) => ({ key: linkLocalKey(one) })),
  );
  build.rule(
    'in_link_local',
    payload(1, PayloadBase.network, 24, 16),
    meta(2, NftMeta.iif),
    lookUp(1, 'vips_link_local'),
    ...build.counted(drop()),
  );
  build.rule(
    'out_link_local',
    payload(1, PayloadBase.network, 8, 16),
    meta(2, NftMeta.oif),
    lookUp(1, 'vips_link_local'),
    ...build.counted(drop()),
  );
}

function addressRules(build: Build): void {
  const { family, content } = build;
  const { source, destination, length } = PLACE[family];
  build.set(
    { name: 'vips', keyType: family === 'inet' ? NftType.ipv4 : NftType.ipv6, keyLength: length },
    content.addresses.map((address) => ({ key: encodeAddress(address) })),
  );
  if (family === 'inet6') linkLocalRules(build);
  build.rule('in', payload(1, PayloadBase.network, destination, length), lookUp(1, 'vips'), ...build.counted(drop()));
  build.rule('out', payload(1, PayloadBase.network, source, length), lookUp(1, 'vips'), ...build.counted(drop()));
}

export const isEmpty = ({ addresses, linkLocal, macvlans }: TableContent): boolean =>
  addresses.length + linkLocal.length + macvlans.length === 0;

/** The whole table, as messages that make it. */
export function tableMessages(family: Family, settings: TableSettings, content: TableContent): readonly NftMessage[] {
  const build = new Build(family, settings, content);
  const drops = content.addresses.length + content.linkLocal.length > 0;
  build.chain('out', NftHook.output);
  if (content.macvlans.length > 0) macvlanRules(build);
  if (drops) {
    build.chain('in', NftHook.input);
    addressRules(build);
  }
  return build.messages;
}
