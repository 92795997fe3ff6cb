// What leads from the VIPs that weir has added to those that a document states. Pure.
import type { Address } from '../../model/address.js';
import { formatAddress, parseAddress } from '../../model/address-text.js';
import { type Failure, failure } from '../../model/errors/weir-error.js';
import { addressId, sameAddress } from '../../model/identity.js';
import type { WantedVip } from '../../model/vip.js';
import type { Difference } from '../plan/plan.js';
import { interfaceName, planAdd, planDelete, type SavedVip, type VipAddress, type VipHost } from './plan.js';

export interface VipFacts {
  readonly host: VipHost;
  /** What weir has added. */
  readonly saved: readonly SavedVip[];
  /** By `addressId`, of those that VRRP manages, or perhaps does. */
  readonly managed: ReadonlyMap<string, Failure>;
}

/** Made in this order, each by its plan for the host as it is then. */
export type VipStep =
  | { readonly kind: 'put'; readonly vip: WantedVip }
  | { readonly kind: 'take'; readonly address: Address; readonly interface: string };

export interface VipChange {
  readonly kind: 'add-vip' | 'edit-vip' | 'delete-vip';
  /** As it will be; of delete-vip: as it is. */
  readonly vip: WantedVip;
  readonly differences: readonly Difference[];
  readonly steps: readonly VipStep[];
}

export interface StayingVip {
  readonly vip: WantedVip;
  /** Why it stays though weir does not keep it for the document. */
  readonly keptFor?: string;
}

export interface VipsPlan {
  readonly changes: readonly VipChange[];
  readonly staying: readonly StayingVip[];
  readonly refused: readonly { readonly vip: WantedVip; readonly failure: Failure }[];
}

/** A document that has no VIPs. */
export const NO_VIPS: VipsPlan = { changes: [], staying: [], refused: [] };

const vipAt = (host: VipHost, one: VipAddress): WantedVip => ({
  address: one.address,
  prefixLength: one.prefixLength,
  interface: interfaceName(host, one.ifindex),
  ...(one.label === undefined ? {} : { label: one.label }),
});

const without = (host: VipHost, gone: VipAddress): VipHost => ({ ...host, addresses: host.addresses.filter((one) => one !== gone) });

function withVip(host: VipHost, { vip, ifindex }: { readonly vip: SavedVip; readonly ifindex: number }, address: Address): VipHost {
  const { prefixLength, label } = vip;
  const added = { ifindex, address, prefixLength, secondary: false, ...(label === undefined ? {} : { label }) };
  return { ...host, addresses: [...host.addresses, added] };
}

function differencesOf(from: WantedVip, to: WantedVip): readonly Difference[] {
  const pairs = [
    ['interface', from.interface, to.interface],
    ['prefix length', String(from.prefixLength), String(to.prefixLength)],
    ['label', from.label ?? '', to.label ?? from.label ?? ''],
  ] as const;
  return pairs.flatMap(([what, before, after]) => (before === after ? [] : [{ what, from: before, to: after }]));
}

/** Plans one VIP after the other, each for the host as the ones before leave it. */
class Planner {
  readonly changes: VipChange[] = [];
  readonly staying: StayingVip[] = [];
  readonly refused: { vip: WantedVip; failure: Failure }[] = [];
  #host: VipHost;

  constructor(readonly facts: VipFacts) {
    this.#host = facts.host;
  }

  /** The address of this host, and whether weir has added it. */
  #there(address: Address): { readonly one: VipAddress; readonly isOurs: boolean } | undefined {
    const one = this.#host.addresses.find((each) => sameAddress(each.address, address));
    if (one === undefined) return undefined;
    const [text, name] = [formatAddress(address), interfaceName(this.#host, one.ifindex)];
    return { one, isOurs: this.facts.saved.some((each) => each.address === text && each.interface === name) };
  }

  want(vip: WantedVip): void {
    const managed = this.facts.managed.get(addressId(vip.address));
    if (managed !== undefined) {
      this.#refuse(vip, managed);
      return;
    }
    const there = this.#there(vip.address);
    if (there === undefined) {
      this.#put(vip, this.#host, { kind: 'add-vip', differences: [], before: [] });
      return;
    }
    const is = vipAt(this.#host, there.one);
    const differences = differencesOf(is, vip);
    if (!there.isOurs) {
      this.#foreign(vip, is, differences);
      return;
    }
    if (differences.length === 0) {
      this.staying.push({ vip: is });
      return;
    }
    const before: readonly VipStep[] = [{ kind: 'take', address: vip.address, interface: is.interface }];
    this.#put(vip, without(this.#host, there.one), { kind: 'edit-vip', differences, before });
  }

  /** Its label is its owner's affair. */
  #foreign(vip: WantedVip, is: WantedVip, differences: readonly Difference[]): void {
    if (differences.every(({ what }) => what === 'label')) {
      this.staying.push({ vip: is, keptFor: 'weir did not add it' });
      return;
    }
    const { prefixLength, interface: name } = is;
    this.#refuse(vip, failure('vip-elsewhere', { address: formatAddress(vip.address), prefixLength, interface: name }));
  }

  #refuse(vip: WantedVip, why: Failure): void {
    this.refused.push({ vip, failure: why });
  }

  #put(vip: WantedVip, host: VipHost, change: Pick<VipChange, 'kind' | 'differences'> & { readonly before: readonly VipStep[] }): void {
    const plan = planAdd(host, vip, this.facts.saved);
    if (plan.kind === 'refused') {
      this.#refuse(vip, plan.failure);
      return;
    }
    if (plan.kind === 'add') this.#host = withVip(host, plan, vip.address);
    const { kind, differences, before } = change;
    this.changes.push({ kind, vip, differences, steps: [...before, { kind: 'put', vip }] });
  }

  /** What weir has added and the document does not have. */
  drop(saved: SavedVip, keepOthers: boolean): void {
    const address = parseAddress(saved.address);
    const there = address === undefined ? undefined : this.#there(address);
    if (address === undefined || there === undefined || !there.isOurs) return;
    const vip = vipAt(this.#host, there.one);
    if (this.facts.managed.has(addressId(address))) {
      this.staying.push({ vip, keptFor: 'VRRP manages it now' });
      return;
    }
    if (keepOthers) {
      this.staying.push({ vip, keptFor: '--keep-others' });
      return;
    }
    const plan = planDelete(this.#host, address, vip.interface, this.facts.saved);
    if (plan.kind === 'refused') {
      this.#refuse(vip, plan.failure);
      return;
    }
    this.#host = without(this.#host, there.one);
    const steps: readonly VipStep[] = [{ kind: 'take', address, interface: vip.interface }];
    this.changes.push({ kind: 'delete-vip', vip, differences: [], steps });
  }
}

/** What goes comes first: a label may be free then. */
export function planVips(
  wanted: readonly WantedVip[],
  facts: VipFacts,
  { keepOthers = false }: { readonly keepOthers?: boolean } = {},
): VipsPlan {
  const planner = new Planner(facts);
  const stated = new Set(wanted.map(({ address }) => formatAddress(address)));
  for (const saved of facts.saved) if (!stated.has(saved.address)) planner.drop(saved, keepOthers);
  for (const vip of wanted) planner.want(vip);
  const { changes, staying, refused } = planner;
  return { changes, staying, refused };
}

export interface VipDrift {
  readonly kind: 'missing' | 'added' | 'changed';
  readonly vip: WantedVip;
  /** From the document to this host. */
  readonly differences: readonly Difference[];
}

const DRIFT = { 'add-vip': 'missing', 'edit-vip': 'changed', 'delete-vip': 'added' } as const;

/** What is there otherwise than a document states: its plan the other way round. */
export const vipDrift = ({ changes }: VipsPlan): readonly VipDrift[] =>
  changes.map(({ kind, vip, differences }) => ({
    kind: DRIFT[kind],
    vip,
    differences: differences.map(({ what, from, to }) => ({ what, from: to, to: from })),
  }));

/** Those that weir has added and that this host has, in their order. */
export const presentVips = ({ host, saved }: Pick<VipFacts, 'host' | 'saved'>): readonly WantedVip[] =>
  saved.flatMap(({ address, interface: name }) =>
    host.addresses
      .filter((one) => formatAddress(one.address) === address && interfaceName(host, one.ifindex) === name)
      .map((one) => vipAt(host, one)),
  );
