// Plans the steps that add or remove a VIP on a director, from its observed state. Pure.
import type { Address } from '../../model/address.js';
import { formatAddress } from '../../model/address-text.js';
import { type Failure, failure } from '../../model/errors/weir-error.js';
import { sameAddress } from '../../model/identity.js';
import { contains, networkAddress, type Subnet } from '../../model/subnet.js';
import type { WantedVip } from '../../model/vip.js';
import { canBeVip } from '../../model/vip-address.js';

export interface VipInterface {
  readonly name: string;
  readonly ifindex: number;
  readonly up: boolean;
  readonly loopback: boolean;
  /** Whether it may have IPv6 addresses (sysctl disable_ipv6). */
  readonly hasIpv6: boolean;
}

export interface VipAddress {
  readonly ifindex: number;
  readonly address: Address;
  readonly prefixLength: number;
  readonly label?: string;
  /** A secondary address shares its subnet with one that came before it (IPv4). */
  readonly secondary: boolean;
}

export interface VipHost {
  readonly interfaces: readonly VipInterface[];
  /** In the kernel's order. */
  readonly addresses: readonly VipAddress[];
}

/** One VIP that weir added, as in the state file: the address is text. */
export interface SavedVip {
  readonly address: string;
  readonly prefixLength: number;
  readonly interface: string;
  /** IPv4 only. */
  readonly label?: string;
}

export type AddPlan =
  | { readonly kind: 'refused'; readonly failure: Failure }
  /** `ours`: whether weir added it. weir does not remove what it did not add. */
  | { readonly kind: 'present'; readonly ours: boolean }
  | { readonly kind: 'add'; readonly ifindex: number; readonly vip: SavedVip };

/** IFNAMSIZ without its ending zero. */
const LABEL_BYTES_MAX = 15;

export const interfaceName = ({ interfaces }: Pick<VipHost, 'interfaces'>, ifindex: number): string =>
  interfaces.find((one) => one.ifindex === ifindex)?.name ?? `interface ${ifindex}`;

const isLong = (label: string): boolean => new TextEncoder().encode(label).length > LABEL_BYTES_MAX;

function freeLabel(host: VipHost, name: string): string {
  const taken = new Set(host.addresses.map(({ label }) => label));
  for (let number = 0; ; number++) {
    const label = `${name}:${number}`;
    if (isLong(label)) return name;
    if (!taken.has(label)) return label;
  }
}

function badLabel(host: VipHost, name: string, label: string): Failure | undefined {
  if (label !== name && !label.startsWith(`${name}:`)) return failure('label-form', { label, interface: name });
  if (isLong(label) || /[\s/]/.test(label) || label === `${name}:`) {
    return failure('label-impossible', { label, interface: name, lengthMax: LABEL_BYTES_MAX });
  }
  const holder = host.addresses.find((one) => one.label === label && label !== name);
  return holder === undefined ? undefined : failure('label-taken', { label, holder: formatAddress(holder.address) });
}

/** The network of which it is the first or the last address; of /31 and /32 every address is a host's. */
function networkNamed(wanted: WantedVip, prefixes: readonly Subnet[]): Failure | undefined {
  const number = wanted.address.words[0] ?? 0;
  for (const { address, prefixLength } of prefixes) {
    const size = 2 ** (32 - prefixLength);
    const first = Math.floor((address.words[0] ?? 0) / size) * size;
    const broadcast = number === first + size - 1;
    if (size < 4 || !(broadcast || number === first)) continue;
    const network = `${formatAddress({ family: 'inet', words: [first] })}/${prefixLength}`;
    return failure('vip-of-network', { address: formatAddress(wanted.address), network, broadcast });
  }
  return undefined;
}

/** The network of which it is the anycast address of all routers (RFC 4291 §2.6.1); of /127 and /128 every address is a host's. */
function networkOfRouters({ address }: WantedVip, prefixes: readonly Subnet[]): Failure | undefined {
  const network = prefixes.find((one) => one.prefixLength < 127 && sameAddress(networkAddress(one), address));
  const text = formatAddress(address);
  return network && failure('vip-of-routers', { address: text, network: `${text}/${network.prefixLength}` });
}

/** What the address itself and the interface stand in the way of. */
function refusal(host: VipHost, wanted: WantedVip, target: VipInterface | undefined): Failure | undefined {
  const { family } = wanted.address;
  if (!canBeVip(wanted.address)) return failure('vip-impossible', { address: formatAddress(wanted.address) });
  if (target === undefined) return failure('interface-unknown', { name: wanted.interface });
  if (target.loopback) return failure('vip-on-loopback', { name: target.name });
  if (!target.up) return failure('interface-down', { name: target.name });
  if (family === 'inet6' && !target.hasIpv6) return failure('interface-without-ipv6', { name: target.name });
  if (family === 'inet6' && wanted.label !== undefined) return failure('label-of-ipv6', { label: wanted.label });
  const there = host.addresses.filter((one) => one.ifindex === target.ifindex && one.address.family === family);
  return (family === 'inet' ? networkNamed : networkOfRouters)(wanted, [wanted, ...there]);
}

export function planAdd(host: VipHost, wanted: WantedVip, saved: readonly SavedVip[]): AddPlan {
  const refused = (what: Failure): AddPlan => ({ kind: 'refused', failure: what });
  const text = formatAddress(wanted.address);
  const target = host.interfaces.find(({ name }) => name === wanted.interface);
  const trouble = refusal(host, wanted, target);
  if (trouble !== undefined || target === undefined) return refused(trouble ?? failure('interface-unknown', { name: wanted.interface }));
  const there = host.addresses.find(({ address }) => sameAddress(address, wanted.address));
  if (there !== undefined) {
    const place = interfaceName(host, there.ifindex);
    if (there.ifindex !== target.ifindex || there.prefixLength !== wanted.prefixLength) {
      return refused(failure('vip-elsewhere', { address: text, prefixLength: there.prefixLength, interface: place }));
    }
    return { kind: 'present', ours: saved.some((one) => one.address === text && one.interface === target.name) };
  }
  const wrong = wanted.label === undefined ? undefined : badLabel(host, target.name, wanted.label);
  if (wrong !== undefined) return refused(wrong);
  const label = wanted.address.family === 'inet' ? { label: wanted.label ?? freeLabel(host, target.name) } : {};
  const vip = { address: text, prefixLength: wanted.prefixLength, interface: target.name, ...label };
  return { kind: 'add', ifindex: target.ifindex, vip };
}

export type DeletePlan =
  | { readonly kind: 'refused'; readonly failure: Failure }
  | { readonly kind: 'absent' }
  /** `heirs`: addresses of the same subnet that the kernel may remove together with the subnet's first one; they are added again. */
  | { readonly kind: 'delete'; readonly vip: VipAddress; readonly heirs: readonly VipAddress[] };

export function planDelete(host: VipHost, address: Address, name: string, saved: readonly SavedVip[]): DeletePlan {
  const text = formatAddress(address);
  const target = host.interfaces.find((one) => one.name === name);
  if (target === undefined) return { kind: 'refused', failure: failure('interface-unknown', { name }) };
  const vip = host.addresses.find((one) => one.ifindex === target.ifindex && sameAddress(one.address, address));
  if (vip === undefined) return { kind: 'absent' };
  if (!saved.some((one) => one.address === text && one.interface === name)) {
    const { prefixLength } = vip;
    return { kind: 'refused', failure: failure('vip-not-added-here', { address: text, prefixLength, interface: name }) };
  }
  const heirs = vip.secondary
    ? []
    : host.addresses.filter(
        (one) => one.secondary && one.ifindex === vip.ifindex && one.prefixLength === vip.prefixLength && contains(vip, one.address),
      );
  return { kind: 'delete', vip, heirs };
}
