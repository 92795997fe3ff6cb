// Which SYNs to hand to which servers, so that each forwarding method is tried as it is used. Pure.
import type { Address } from '../../model/address.js';
import { addressId, sameAddress } from '../../model/identity.js';
import type { DestinationSpec } from '../../model/service.js';
import type { HolderFact, HostFacts, PathFact, ServiceFact } from '../facts.js';
import { onWire, vipsOf } from '../network.js';
import type { Handover } from './handovers.js';

/** The server's wire, as seen from here; undefined where it is not on one or its MAC is not known. */
type Wire = Pick<Handover, 'ifindex' | 'mac' | 'serverMac' | 'realServer'>;

function direct(host: HostFacts, vips: ReadonlySet<string>, vip: Address, port: number, wire: Wire): readonly Handover[] {
  const own = host.addresses.filter(({ ifindex, address }) => ifindex === wire.ifindex && !vips.has(addressId(address)));
  const source = onWire(host, wire.realServer).find((one) => own.includes(one)) ?? own[0];
  return source === undefined ? [] : [{ ...wire, method: 'route', vip, port, source: source.address, target: vip }];
}

/** Only a VIP that is not on the server's own wire: else its answer would need no gateway. */
function masqueraded(host: HostFacts, vip: Address, port: number, wire: Wire): readonly Handover[] {
  const shared = onWire(host, vip).some(({ ifindex }) => ifindex === wire.ifindex);
  const here = host.addresses.some(({ address }) => sameAddress(address, vip));
  return shared || !here ? [] : [{ ...wire, method: 'masq', vip, port, source: vip, target: wire.realServer }];
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
  const wireOf = ({ address: realServer }: DestinationSpec): Wire | undefined => {
    const device = pathOf.get(addressId(realServer))?.device;
    const mac = host.links.find(({ ifindex }) => ifindex === device)?.mac;
    const holder = holderOf.get(`${device} ${addressId(realServer)}`);
    return mac === undefined || holder === undefined ? undefined : { ifindex: holder.ifindex, mac, serverMac: holder.mac, realServer };
  };
  return services.flatMap(({ spec: { key }, destinations }) => {
    if (key.kind !== 'address' || key.protocol !== 'tcp' || key.port === 0 || key.address.family !== 'inet') return [];
    return destinations.flatMap((destination): readonly Handover[] => {
      const wire = wireOf(destination);
      if (wire === undefined || (destination.method !== 'route' && destination.method !== 'masq')) return [];
      return destination.method === 'route'
        ? direct(host, vips, key.address, key.port, wire)
        : masqueraded(host, key.address, destination.port, wire);
    });
  });
}
