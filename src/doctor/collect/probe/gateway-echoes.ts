// Do packets of the interface's size get to the routers of this host, and their answers back?
import { addressId } from '../../../model/identity.js';
import { hostLength } from '../../../model/subnet.js';
import type { EchoFact, GatewayFact, HostFacts } from '../../facts.js';
import { collectSizedEchoes } from './handovers.js';
import { nextHops } from './next-hop.js';

/** @throws SystemError */
export function collectGatewayEchoes(host: HostFacts, gateways: readonly GatewayFact[]): readonly EchoFact[] {
  const holders = gateways.flatMap(({ address, ifindex, mac }) => (mac === undefined ? [] : [{ address, ifindex, mac }]));
  const paths = holders.map(({ address, ifindex }) => ({ to: address, kind: 'direct', ifindex }) as const);
  const vips = new Set(
    host.addresses.filter(({ address, prefixLength }) => prefixLength === hostLength(address)).map(({ address }) => addressId(address)),
  );
  return collectSizedEchoes(
    holders.map(({ address }) => address),
    nextHops({ host, paths, holders, neighbours: [], vips }),
  );
}
