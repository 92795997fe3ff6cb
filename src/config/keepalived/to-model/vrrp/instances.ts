// All vrrp_instance blocks together: names, VRIDs and macvlans that conflict (keepalived.conf(5)).
import { formatAddress } from '../../../../model/address-text.js';
import { sameAddress } from '../../../../model/identity.js';
import type { VrrpInstance } from '../../../../model/keepalived/instance.js';
import type { Report } from '../../diagnostics/report.js';
import type { Origin, Values } from '../../keyword.js';
import { blocksOf, has, nameOf, placeOf } from '../../values/values.js';
import { buildInstance, type Surroundings } from './instance.js';

/** Instances with one VRID receive each other's adverts if they share interface, family and multicast group, or if both use unicast. */
function domainOf(instance: VrrpInstance): string {
  const where = instance.interface ?? instance.vrf ?? '';
  const group = instance.unicast === undefined ? formatAddress(instance.multicastGroup) : 'unicast';
  return `${instance.family} ${where} ${group} ${instance.vrid}`;
}

/** Two unicast instances with one VRID differ by their source addresses, or by their peers. */
function isApart(one: VrrpInstance, other: VrrpInstance): boolean {
  if (one.unicast === undefined || other.unicast === undefined) return false;
  const sources = one.sourceAddress !== undefined && other.sourceAddress !== undefined;
  if (sources && !sameAddress(one.sourceAddress, other.sourceAddress)) return true;
  const peers = other.unicast.peers;
  return !one.unicast.peers.some(({ address }) => peers.some((peer) => sameAddress(peer.address, address)));
}

/** `other` is dropped. */
function reportClash(one: VrrpInstance, other: VrrpInstance, at: Origin, report: Report): void {
  const details = { one: one.name, other: other.name, vrid: other.vrid };
  if (one.unicast !== undefined) {
    report('vrid-clash-unicast', at, details);
    return;
  }
  const family = other.family === 'inet' ? 'IPv4' : 'IPv6';
  report('vrid-clash', at, { ...details, family, dev: other.interface ?? other.vrf ?? '' });
}

/** Of two instances with one VRID the first stays: each would take the other's adverts for its peer's. */
function withoutClashes(
  instances: readonly VrrpInstance[],
  { report }: Surroundings,
  placeOfName: (name: string) => Origin,
): readonly VrrpInstance[] {
  const domains = new Map<string, VrrpInstance[]>();
  return instances.filter((instance) => {
    const domain = domainOf(instance);
    const earlier = domains.get(domain) ?? [];
    domains.set(domain, [...earlier, instance]);
    const clashing = earlier.filter((other) => !isApart(other, instance));
    for (const other of clashing) reportClash(other, instance, placeOfName(instance.name), report);
    return clashing.length === 0;
  });
}

/** The name of a macvlan is unique: a second instance that asks for it gets another name. */
function withOwnVmacs(
  instances: readonly VrrpInstance[],
  { report }: Surroundings,
  placeOfName: (name: string) => Origin,
): readonly VrrpInstance[] {
  const ownerByDefault = new Map<string, string>();
  return instances.map((instance) => {
    const name = instance.virtualInterface?.name;
    if (instance.virtualInterface === undefined || name === undefined) return instance;
    const owner = ownerByDefault.get(name);
    if (owner === undefined) {
      ownerByDefault.set(name, instance.name);
      return instance;
    }
    report('vmac-name-used', placeOfName(instance.name), { name: instance.name, owner, interface: name });
    const { name: _, ...virtualInterface } = instance.virtualInterface;
    return { ...instance, virtualInterface };
  });
}

/** The instances of the file in order, without those that could not work. */
export function buildInstances(root: Values, surroundings: Surroundings): readonly VrrpInstance[] {
  const blocks = new Map<string, Values>();
  for (const block of blocksOf(root, 'vrrp_instance')) {
    const name = nameOf(block);
    if (blocks.has(name)) surroundings.report('instance-twice', block.at, { name });
    else blocks.set(name, block);
  }
  const built = [...blocks.values()].map((block) => buildInstance(block, surroundings)).filter((instance) => instance !== undefined);
  const place = (keyword: string) => (name: string) => {
    const block = blocks.get(name)!;
    return has(block, keyword) ? placeOf(block, keyword) : block.at;
  };
  return withOwnVmacs(withoutClashes(built, surroundings, place('virtual_router_id')), surroundings, place('use_vmac'));
}
