// Which other hosts answer for the addresses of VRRP's instances: by ARP (IPv4) and by neighbour discovery (IPv6).
import { probeArp } from '../../host/arp.js';
import { probeNeighbours } from '../../host/neighbour-probe.js';
import type { Address } from '../../model/address.js';
import { addressId, sameAddress } from '../../model/identity.js';
import type { Mac } from '../../wire/ethernet.js';
import type { AddressFact, HolderFact, HostFacts } from '../facts.js';
import { isUp } from '../network.js';
import type { VrrpInstanceFact } from '../vrrp-facts.js';
import { holdersIn } from './holders.js';

/** What is asked on one interface. */
interface Question {
  readonly ifindex: number;
  readonly mac: Mac;
  readonly vips: readonly Address[];
}

function ask({ ifindex, mac, vips }: Question, addresses: readonly AddressFact[], own: ReadonlySet<Mac>): readonly HolderFact[] {
  const of = (family: Address['family']) => vips.filter((vip) => vip.family === family);
  const byArp = probeArp([{ ifindex, mac, addresses: of('inet') }], own);
  const from = addresses.find(
    ({ address, ifindex: there }) => there === ifindex && address.family === 'inet6' && !vips.some((vip) => sameAddress(vip, address)),
  )?.address;
  const byNeighbours = from === undefined ? [] : probeNeighbours([{ ifindex, mac, from, addresses: of('inet6') }], own);
  return holdersIn([...byArp, ...byNeighbours]);
}

/** Asked on the instances' interfaces. @throws SystemError */
export function collectVrrpHolders(
  instances: readonly VrrpInstanceFact[],
  addresses: readonly AddressFact[],
  host: HostFacts,
): readonly HolderFact[] {
  const here = new Set(addresses.map(({ address }) => addressId(address)));
  const own = new Set(host.interfaces.flatMap(({ mac }) => mac ?? []));
  const virtual = new Set(instances.flatMap(({ vmac }) => vmac ?? []));
  // The master's virtual MAC is the same as ours: an answer about a VIP that is not here cannot be our own.
  const physical = new Set(host.interfaces.filter(({ name }) => !virtual.has(name)).flatMap(({ mac }) => mac ?? []));
  return [...new Set(instances.map(({ ifindex }) => ifindex))].flatMap((ifindex) => {
    const iface = host.interfaces.find((one) => one.ifindex === ifindex);
    const mac = iface?.mac;
    if (iface === undefined || mac === undefined || !isUp(iface)) return [];
    const vips = instances.filter((one) => one.ifindex === ifindex).flatMap((one) => one.managed.map(({ address }) => address));
    const present = vips.filter((vip) => here.has(addressId(vip)));
    const absent = vips.filter((vip) => !here.has(addressId(vip)));
    return [...ask({ ifindex, mac, vips: present }, addresses, own), ...ask({ ifindex, mac, vips: absent }, addresses, physical)];
  });
}
