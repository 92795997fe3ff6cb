// What the director's rules need of IPv6: addresses, routes, who answers neighbour solicitations, and what servers do with their packets.
import { addressId, serviceFamily } from '../../model/identity.js';
import type { Netlink } from '../../sys/netlink/netlink.js';
import type {
  ClientFact,
  EchoFact,
  HandoverFact,
  HolderFact,
  HostFacts,
  Ipv6Facts,
  NeighbourFact,
  PathFact,
  RefusingRoute,
  ServiceFact,
} from '../facts.js';
import { realServersOf, vipsOf } from '../network.js';
import { askByDiscovery } from './ask.js';
import { collectClientPaths, collectRefusingRoutes, type SeenClient } from './client-paths.js';
import { collectNeighbours } from './holders.js';
import { collectPath } from './host.js';
import { collectHostIpv6 } from './host-ipv6.js';
import { collectHandovers } from './probe/handovers.js';
import { nextHops } from './probe/next-hop.js';
import type { Sending } from './probe/routed-plan.js';

/** What is joined to the facts about IPv4: all of it is found by its address. */
export interface DirectorIpv6 {
  readonly ipv6: Ipv6Facts;
  readonly clients: readonly ClientFact[];
  readonly paths: readonly PathFact[];
  readonly holders: readonly HolderFact[];
  readonly neighbours: readonly NeighbourFact[];
  readonly refusingRoutes: readonly RefusingRoute[];
  readonly handovers: readonly HandoverFact[];
  readonly echoes: readonly EchoFact[];
  /** Tests that were not done. */
  readonly left: number;
  /** For the tests of VS/TUN and FULLNAT; `host`: with IPv6's addresses. */
  readonly sending: Sending;
  readonly host: HostFacts;
}

const isOfIpv6 = ({ spec, destinations }: ServiceFact): boolean =>
  serviceFamily(spec.key) === 'inet6' || destinations.some(({ address }) => address.family === 'inet6');

/** Undefined: there are neither IPv6 services nor IPv6 servers (VS/TUN). @throws SystemError */
export function collectDirectorIpv6(
  netlink: Netlink,
  host: HostFacts,
  all: readonly ServiceFact[],
  seen: readonly SeenClient[],
): DirectorIpv6 | undefined {
  const services = all.filter(isOfIpv6);
  if (services.length === 0) return undefined;
  const { facts: ipv6, host: host6, askers } = collectHostIpv6(netlink, host);
  const [vips, servers] = [vipsOf(services, ['inet6']), realServersOf(services, ['inet6'])];
  const paths = servers.map((to) => collectPath(netlink, to));
  const clients = collectClientPaths(netlink, services, seen, 'inet6');
  const gateways = [...paths, ...clients.map(({ path }) => path)].flatMap(({ gateway }) => gateway ?? []);
  const asked = [...new Map([...vips, ...servers, ...gateways].map((one) => [addressId(one), one])).values()];
  const holders = askByDiscovery(host, askers)({ addresses: asked });
  const neighbours = collectNeighbours(netlink, 'inet6');
  // The tests are those of IPv4, on a host that has these addresses.
  const hopOf = nextHops({ host: host6, paths, holders, neighbours, vips: new Set(vips.map(addressId)) });
  const { handovers, echoes, left } = collectHandovers({ host: host6, services, paths, gateways: [], hopOf });
  const routes = { paths, holders, neighbours, refusingRoutes: collectRefusingRoutes(netlink, 'inet6') };
  return { ipv6, clients, ...routes, handovers, echoes, left, sending: { paths, hopOf }, host: host6 };
}
