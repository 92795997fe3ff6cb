// Which SYNs to send to which servers, so that each forwarding method is tested as the datapath uses it. Pure.
import type { Address } from '../../model/address.js';
import { addressId, sameAddress } from '../../model/identity.js';
import type { DestinationSpec } from '../../model/service.js';
import type { HolderFact, HostFacts, PathFact, ServiceFact } from '../facts.js';
import { subnetsWith, vipsOf } from '../network.js';
import type { Handover } from './handovers.js';

/** A real server in a subnet of this host, with the MACs of both ends. */
type Neighbour = Pick<Handover, 'ifindex' | 'mac' | 'serverMac' | 'realServer'>;

function direct(host: HostFacts, vips: ReadonlySet<string>, vip: Address, port: number, neighbour: Neighbour): readonly Handover[] {
  const own = host.addresses.filter(({ ifindex, address }) => ifindex === neighbour.ifindex && !vips.has(addressId(address)));
  const source = subnetsWith(host, neighbour.realServer).find((one) => own.includes(one)) ?? own[0];
  return source === undefined ? [] : [{ ...neighbour, method: 'route', vip, port, source: source.address, target: vip }];
}

/** Only for a VIP outside the server's own subnet: inside it, the answer would not need the gateway. */
function masqueraded(host: HostFacts, vip: Address, port: number, neighbour: Neighbour): readonly Handover[] {
  const shared = subnetsWith(host, vip).some(({ ifindex }) => ifindex === neighbour.ifindex);
  const here = host.addresses.some(({ address }) => sameAddress(address, vip));
  return shared || !here ? [] : [{ ...neighbour, method: 'masq', vip, port, source: vip, target: neighbour.realServer }];
}

export function handoversOf(
  host: HostFacts,
  services: readonly ServiceFact[],
  paths: readonly PathFact[],
  holders: readonly HolderFact[],
): readonly Handover[] {
  const vips = new Set(vipsOf(services).map(addressId));
  const pathOf = new Map(paths.filter(({ kind }) => kind === 'direct').map((path) => [addressId(path.to), path]));
  const holderOf = new Map(holders.map((holder) => [`${holder.ifindex} ${addressId(holder.address)}`, holder]));
  const neighbourOf = ({ address: realServer }: DestinationSpec): Neighbour | undefined => {
    const ifindex = pathOf.get(addressId(realServer))?.ifindex;
    const mac = host.interfaces.find((one) => one.ifindex === ifindex)?.mac;
    const holder = holderOf.get(`${ifindex} ${addressId(realServer)}`);
    return mac === undefined || holder === undefined ? undefined : { ifindex: holder.ifindex, mac, serverMac: holder.mac, realServer };
  };
  return services.flatMap(({ spec: { key }, destinations }) => {
    if (key.kind !== 'address' || key.protocol !== 'tcp' || key.port === 0 || key.address.family !== 'inet') return [];
    return destinations.flatMap((destination): readonly Handover[] => {
      const neighbour = neighbourOf(destination);
      if (neighbour === undefined || (destination.method !== 'route' && destination.method !== 'masq')) return [];
      return destination.method === 'route'
        ? direct(host, vips, key.address, key.port, neighbour)
        : masqueraded(host, key.address, destination.port, neighbour);
    });
  });
}
