// Evaluates this host's packet filter for the first packet of a client to each service.
import type { Address } from '../../model/address.js';
import { addressId, sameAddress } from '../../model/identity.js';
import type { FilterDenial, HostFacts, ServiceFact } from '../facts.js';
import { interfaceNameOf, subnetsWith } from '../network.js';
import { blockingRule } from '../packet-filter/blocking.js';
import type { Chain } from '../packet-filter/model.js';

/** Stands for a client anywhere. */
const SOMEWHERE: Address = { family: 'inet', words: [0x4d4d4d4d] };
const SERVICES_MAX = 1024;

export function collectDenials(host: HostFacts, services: readonly ServiceFact[], chains: readonly Chain[]): readonly FilterDenial[] {
  const places = new Map(host.addresses.map(({ address, ifindex }) => [addressId(address), ifindex]));
  return services.slice(0, SERVICES_MAX).flatMap(({ spec }): readonly FilterDenial[] => {
    const { key } = spec;
    if (key.kind !== 'address' || key.address.family !== 'inet' || key.protocol === 'sctp') return [];
    const subnet = subnetsWith(host, key.address).find(({ address }) => !sameAddress(address, key.address));
    const ifindex = subnet?.ifindex ?? places.get(addressId(key.address));
    const { protocol, port, address: destination } = key;
    const probe = {
      direction: 'in',
      interfaceName: interfaceNameOf(host, ifindex),
      source: SOMEWHERE,
      destination,
      protocol,
      destinationPort: port,
      anyClient: true,
    } as const;
    const by = blockingRule(chains, probe);
    return by === undefined ? [] : [{ service: spec, by }];
  });
}
