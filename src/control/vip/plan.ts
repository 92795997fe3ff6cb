// Plans the steps that add or remove a VIP on a director, from its observed state. Pure.
import type { Address } from '../../model/address.js';
import { formatAddress } from '../../model/address-text.js';
import { type Failure, failure } from '../../model/errors/weir-error.js';
import { sameAddress } from '../../model/identity.js';

export interface VipInterface {
  readonly name: string;
  readonly ifindex: number;
  readonly up: boolean;
  readonly loopback: boolean;
}

export interface VipAddress {
  readonly ifindex: number;
  readonly address: Address;
  readonly prefixLength: number;
  readonly label?: string;
  /** A secondary address shares its subnet with one that came before it. */
  readonly secondary: boolean;
}

export interface VipHost {
  readonly interfaces: readonly VipInterface[];
  /** IPv4 only, in the kernel's order. */
  readonly addresses: readonly VipAddress[];
}

/** One VIP that weir added, as in the state file: the address is text. */
export interface SavedVip {
  readonly address: string;
  readonly prefixLength: number;
  readonly device: string;
  readonly label: string;
}

export interface WantedVip {
  readonly address: Address;
  readonly prefixLength: number;
  readonly device: string;
  readonly label?: string;
}

export type AddPlan =
  | { readonly kind: 'refused'; readonly failure: Failure }
  /** `ours`: whether weir added it. weir does not remove what it did not add. */
  | { readonly kind: 'present'; readonly ours: boolean }
  | { readonly kind: 'add'; readonly ifindex: number; readonly vip: SavedVip };

/** IFNAMSIZ without its ending zero. */
const LABEL_MAX = 15;

function freeLabel(host: VipHost, device: string): string {
  const taken = new Set(host.addresses.map(({ label }) => label));
  for (let number = 0; ; number++) {
    const label = `${device}:${number}`;
    if (label.length > LABEL_MAX) return device;
    if (!taken.has(label)) return label;
  }
}

function badLabel(host: VipHost, device: string, label: string): Failure | undefined {
  if (label !== device && !label.startsWith(`${device}:`)) return failure('label-form', { label, device });
  if (label.length > LABEL_MAX || /[\s/]/.test(label) || label === `${device}:`) {
    return failure('label-impossible', { label, device, lengthMax: LABEL_MAX });
  }
  const holder = host.addresses.find((one) => one.label === label && label !== device);
  return holder === undefined ? undefined : failure('label-taken', { label, holder: formatAddress(holder.address) });
}

export function planAdd(host: VipHost, wanted: WantedVip, saved: readonly SavedVip[]): AddPlan {
  const refused = (what: Failure): AddPlan => ({ kind: 'refused', failure: what });
  const text = formatAddress(wanted.address);
  const first = (wanted.address.words[0] ?? 0) >>> 24;
  if (first === 0 || first === 127 || first >= 224) return refused(failure('vip-impossible', { address: text }));
  const target = host.interfaces.find(({ name }) => name === wanted.device);
  if (target === undefined) return refused(failure('interface-unknown', { name: wanted.device }));
  if (target.loopback) return refused(failure('vip-on-loopback', { name: target.name }));
  if (!target.up) return refused(failure('interface-down', { name: target.name }));
  const there = host.addresses.find(({ address }) => sameAddress(address, wanted.address));
  if (there !== undefined) {
    const place = host.interfaces.find(({ ifindex }) => ifindex === there.ifindex)?.name ?? `interface ${there.ifindex}`;
    if (there.ifindex !== target.ifindex || there.prefixLength !== wanted.prefixLength) {
      return refused(failure('vip-elsewhere', { address: text, prefixLength: there.prefixLength, device: place }));
    }
    return { kind: 'present', ours: saved.some(({ address, device }) => address === text && device === target.name) };
  }
  const wrong = wanted.label === undefined ? undefined : badLabel(host, target.name, wanted.label);
  if (wrong !== undefined) return refused(wrong);
  const vip = {
    address: text,
    prefixLength: wanted.prefixLength,
    device: target.name,
    label: wanted.label ?? freeLabel(host, target.name),
  };
  return { kind: 'add', ifindex: target.ifindex, vip };
}

export type DeletePlan =
  | { readonly kind: 'refused'; readonly failure: Failure }
  | { readonly kind: 'absent' }
  /** `heirs`: addresses of the same subnet that the kernel may remove together with the subnet's first one; they are added again. */
  | { readonly kind: 'delete'; readonly vip: VipAddress; readonly heirs: readonly VipAddress[] };

const network = ({ address, prefixLength }: VipAddress) =>
  prefixLength === 0 ? 0 : Math.floor((address.words[0] ?? 0) / 2 ** (32 - prefixLength));

export function planDelete(host: VipHost, address: Address, device: string, saved: readonly SavedVip[]): DeletePlan {
  const text = formatAddress(address);
  const target = host.interfaces.find(({ name }) => name === device);
  if (target === undefined) return { kind: 'refused', failure: failure('interface-unknown', { name: device }) };
  const vip = host.addresses.find((one) => one.ifindex === target.ifindex && sameAddress(one.address, address));
  if (vip === undefined) return { kind: 'absent' };
  if (!saved.some((one) => one.address === text && one.device === device)) {
    const { prefixLength } = vip;
    return { kind: 'refused', failure: failure('vip-not-added-here', { address: text, prefixLength, device }) };
  }
  const heirs = vip.secondary
    ? []
    : host.addresses.filter(
        (one) => one.secondary && one.ifindex === vip.ifindex && one.prefixLength === vip.prefixLength && network(one) === network(vip),
      );
  return { kind: 'delete', vip, heirs };
}
