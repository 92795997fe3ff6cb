// Evaluates this host's packet filter for the first packet of a client to a service of a firewall mark, which the kernel forwards to weir0.
import { PAIR } from '../../datapath/ebpf/load/pair.js';
import type { Family } from '../../model/address.js';
import type { HostFacts, MarkDenial, ServiceFact } from '../facts.js';
import { clusterInterfacesOf } from '../network.js';
import { blockingRule } from '../packet-filter/blocking.js';
import type { Chain } from '../packet-filter/model.js';
import { SOMEWHERE } from './denials.js';

function denialsOf(host: HostFacts, family: Family, chains: readonly Chain[]): readonly MarkDenial[] {
  return clusterInterfacesOf(host, family).flatMap(({ name }): readonly MarkDenial[] => {
    const by = blockingRule(chains, {
      direction: 'through',
      interfaceName: name,
      leavesBy: PAIR.near,
      source: SOMEWHERE[family],
      destination: SOMEWHERE[family],
      protocol: 'tcp',
      anyClient: true,
      anyDestination: true,
    });
    return by === undefined ? [] : [{ family, interfaceName: name, leavesBy: PAIR.near, by }];
  });
}

export function collectMarkDenials(host: HostFacts, services: readonly ServiceFact[], chains: readonly Chain[]): readonly MarkDenial[] {
  const families = new Set(services.flatMap(({ spec: { key } }) => (key.kind === 'fwmark' ? [key.family] : [])));
  return [...families].flatMap((family) => denialsOf(host, family, chains));
}
