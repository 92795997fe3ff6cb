// Evaluates this host's packet filter for the first packet of a client to a service of a firewall mark, which the kernel forwards to weir0.
import { PAIR } from '../../datapath/ebpf/load/pair.js';
import type { Address } from '../../model/address.js';
import type { HostFacts, MarkDenial, ServiceFact } from '../facts.js';
import { clusterInterfaces } from '../network.js';
import { blockingRule } from '../packet-filter/blocking.js';
import type { Chain } from '../packet-filter/model.js';

/** Stands for a client anywhere, and for any destination. */
const SOMEWHERE: Address = { family: 'inet', words: [0x4d4d4d4d] };

export function collectMarkDenials(host: HostFacts, services: readonly ServiceFact[], chains: readonly Chain[]): readonly MarkDenial[] {
  if (!services.some(({ spec: { key } }) => key.kind === 'fwmark' && key.family === 'inet')) return [];
  return clusterInterfaces(host).flatMap(({ name }): readonly MarkDenial[] => {
    const by = blockingRule(chains, {
      direction: 'through',
      interfaceName: name,
      leavesBy: PAIR.near,
      source: SOMEWHERE,
      destination: SOMEWHERE,
      protocol: 'tcp',
      anyClient: true,
      anyDestination: true,
    });
    return by === undefined ? [] : [{ interfaceName: name, leavesBy: PAIR.near, by }];
  });
}
