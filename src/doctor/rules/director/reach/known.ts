// The facts about reaching servers, by key: a table may list tens of thousands of destinations.
import type { Address } from '../../../../model/address.js';
import { formatAddress } from '../../../../model/address-text.js';
import { addressId, destinationId, sameAddress } from '../../../../model/identity.js';
import type { DestinationSpec } from '../../../../model/service.js';
import { servicesOf } from '../../../address-index.js';
import type { ConnectFact, DirectorFacts, HandoverFact, PathFact, ProbeAnswer, ServiceFact } from '../../../facts.js';
import { allAddresses, contains, isAddressOf, subnetsWith } from '../../../network.js';

export interface Known {
  readonly facts: DirectorFacts;
  readonly paths: ReadonlyMap<string, PathFact>;
  readonly connects: ReadonlyMap<string, ConnectFact>;
  /** By address: the ports that accepted a connection. */
  readonly openPorts: ReadonlyMap<string, ReadonlySet<number>>;
  readonly handovers: ReadonlyMap<string, HandoverFact>;
  /** By interface and address: the MACs that answer ARP or neighbour solicitations there. */
  readonly macs: ReadonlyMap<string, readonly string[]>;
  readonly permanent: ReadonlyMap<string, string>;
  readonly own: ReadonlySet<string>;
}

export type Place = { readonly ifindex?: number | undefined; readonly address: Address };

export const placeId = ({ ifindex, address }: Place): string => `${ifindex} ${addressId(address)}`;

const handoverId = ({ method, protocol, vip, port, realServer, elsewhere, local }: Omit<HandoverFact, 'answer'>): string =>
  `${method}${elsewhere === true ? ' elsewhere' : ''}${local === undefined ? '' : ` ${addressId(local)}`} ${protocol} ${addressId(vip)} ${port} ${addressId(realServer)}`;

export function knownOf(facts: DirectorFacts): Known {
  const openPorts = new Map<string, Set<number>>();
  for (const { address, port, error } of facts.connects) {
    if (error !== undefined) continue;
    const id = addressId(address);
    openPorts.set(id, (openPorts.get(id) ?? new Set()).add(port));
  }
  const macs = new Map<string, readonly string[]>();
  for (const holder of facts.holders) macs.set(placeId(holder), [...(macs.get(placeId(holder)) ?? []), holder.mac]);
  return {
    facts,
    paths: new Map(facts.paths.map((path) => [addressId(path.to), path])),
    connects: new Map(facts.connects.map((one) => [destinationId(one), one])),
    openPorts,
    handovers: new Map(facts.handovers.map((one) => [handoverId(one), one])),
    macs,
    permanent: new Map(facts.neighbours.filter(({ permanent }) => permanent).map((one) => [placeId(one), one.mac])),
    own: new Set(allAddresses(facts).map(({ address }) => addressId(address))),
  };
}

/** The answer of a destination to a packet sent as this method sends it. */
export function handedOver(
  known: Known,
  { spec: { key } }: ServiceFact,
  { address, port }: DestinationSpec,
  method: 'route' | 'masq',
  elsewhere?: true,
): ProbeAnswer | undefined {
  if (key.kind !== 'address' || key.protocol === 'sctp') return undefined;
  const place = { vip: key.address, port: method === 'route' ? key.port : port, realServer: address };
  const fact = { method, protocol: key.protocol, ...place, ...(elsewhere === undefined ? {} : { elsewhere }) };
  return known.handovers.get(handoverId(fact))?.answer;
}

/** What became of the packet of a destination of VS/TUN, or of one of FULLNAT from this local address. */
export function forwarded(
  known: Known,
  { spec: { key } }: ServiceFact,
  { address, port, method }: DestinationSpec,
  local?: Address,
): HandoverFact | undefined {
  if (key.kind !== 'address' || key.protocol === 'sctp' || (method !== 'tunnel' && method !== 'fullnat')) return undefined;
  const place = { vip: key.address, port: method === 'tunnel' ? key.port : port, realServer: address };
  return known.handovers.get(handoverId({ method, protocol: key.protocol, ...place, ...(local === undefined ? {} : { local }) }));
}

/** The answer to small echo requests to `target` in frames for `host`. `foreign`: they came from another network, for the server. */
export function echoed({ facts }: Known, host: Address, target: Address, foreign = false): ProbeAnswer['kind'] | undefined {
  const small = facts.echoes
    .filter((one) => sameAddress(one.host, host) && sameAddress(one.target, target))
    .filter(({ source }) => foreign !== isNear(facts, source))
    .sort((a, b) => a.packetBytes - b.packetBytes);
  const smallest = small.filter(({ packetBytes }) => packetBytes === small[0]?.packetBytes).map(({ answer }) => answer.kind);
  return smallest.find((kind) => kind === 'accepted') ?? smallest[0];
}

const isVip = ({ services }: DirectorFacts, address: Address): boolean => servicesOf(services, address).length > 0;

/** An address of this host that is no VIP. */
const isNear = (facts: DirectorFacts, address: Address): boolean => !isVip(facts, address) && isAddressOf(facts, address);

/** The address of this host in the server's subnet, which the server sees and can have as its gateway: VRRP's, if it has one there. */
export function directorAddressFor(facts: DirectorFacts, server: Address): string | undefined {
  const subnets = subnetsWith(facts, server);
  const floating = facts.vrrp?.find(({ address }) => !isVip(facts, address) && subnets.some((subnet) => contains(subnet, address)));
  if (floating !== undefined) return formatAddress(floating.address);
  const subnet = subnets.find(({ address }) => !isVip(facts, address)) ?? subnets[0];
  return subnet && formatAddress(subnet.address);
}
