// What the director's rules need of IPv6: addresses, routes, who answers neighbour solicitations, and what servers do with their packets.
import { probeNeighbours } from '../../host/neighbour-probe.js';
import { type Address, isLinkLocal } from '../../model/address.js';
import { addressId, serviceFamily } from '../../model/identity.js';
import type { Netlink } from '../../sys/netlink/netlink.js';
import { AddressFlag, decodeInterfaceAddress, dumpAddresses, type InterfaceAddress } from '../../wire/rtnetlink-address.js';
import type {
  EchoFact,
  HandoverFact,
  HolderFact,
  HostFacts,
  Ipv6AddressFact,
  Ipv6Facts,
  NeighbourFact,
  PathFact,
  RefusingRoute,
  ServiceFact,
} from '../facts.js';
import { isCarrying, realServersOf, usesArp, vipsOf } from '../network.js';
import { collectRefusingRoutes } from './client-paths.js';
import { collectNeighbours, holdersIn, PROBES_MAX } from './holders.js';
import { collectDefaultRoutes, collectPath } from './host.js';
import { collectHandovers } from './probe/handovers.js';
import { nextHops } from './probe/next-hop.js';

/** What is joined to the facts about IPv4: all of it is found by its address. */
export interface DirectorIpv6 {
  readonly ipv6: Ipv6Facts;
  readonly paths: readonly PathFact[];
  readonly holders: readonly HolderFact[];
  readonly neighbours: readonly NeighbourFact[];
  readonly refusingRoutes: readonly RefusingRoute[];
  readonly handovers: readonly HandoverFact[];
  readonly echoes: readonly EchoFact[];
  /** Tests that were not done. */
  readonly left: number;
}

function detectionOf(flags: number): Pick<Ipv6AddressFact, 'detection'> {
  if ((flags & AddressFlag.dadFailed) !== 0) return { detection: 'failed' };
  return (flags & AddressFlag.tentative) === 0 ? {} : { detection: 'under-way' };
}

/** Asked on all interfaces, each from its link-local address. */
function collectHolders(host: HostFacts, linkLocals: readonly InterfaceAddress[], addresses: readonly Address[]): readonly HolderFact[] {
  const questions = host.interfaces
    .filter((iface) => usesArp(iface) && isCarrying(iface))
    .flatMap(({ ifindex, mac }) => {
      const from = linkLocals.find((one) => one.ifindex === ifindex)?.address;
      return mac === undefined || from === undefined ? [] : [{ ifindex, mac, from, addresses: addresses.slice(0, PROBES_MAX) }];
    });
  const own = new Set(host.interfaces.flatMap(({ mac }) => mac ?? []));
  return holdersIn(probeNeighbours(questions, own));
}

/** Undefined: there are no IPv6 services. @throws SystemError */
export function collectDirectorIpv6(netlink: Netlink, host: HostFacts, all: readonly ServiceFact[]): DirectorIpv6 | undefined {
  const services = all.filter(({ spec }) => serviceFamily(spec.key) === 'inet6');
  if (services.length === 0) return undefined;
  const found = netlink
    .dump(dumpAddresses(), decodeInterfaceAddress, 'list addresses')
    .filter(({ address, ifindex }) => address.family === 'inet6' && host.interfaces.some((iface) => iface.ifindex === ifindex));
  const addresses = found
    .filter(({ address }) => !isLinkLocal(address))
    .map(({ ifindex, address, prefixLength, flags }) => ({ ifindex, address, prefixLength, ...detectionOf(flags) }));
  const ipv6: Ipv6Facts = { addresses, defaultRoutes: collectDefaultRoutes(netlink, 'inet6') };
  const [vips, servers] = [vipsOf(services, ['inet6']), realServersOf(services, ['inet6'])];
  const paths = servers.map((to) => collectPath(netlink, to));
  const gateways = paths.flatMap(({ gateway }) => gateway ?? []);
  const asked = [...new Map([...vips, ...servers, ...gateways].map((one) => [addressId(one), one])).values()];
  const holders = collectHolders(
    host,
    found.filter(({ address }) => isLinkLocal(address)),
    asked,
  );
  const neighbours = collectNeighbours(netlink, 'inet6');
  // The tests are those of IPv4, on a host that has these addresses.
  const host6: HostFacts = { ...host, ...ipv6 };
  const hopOf = nextHops({ host: host6, paths, holders, neighbours, vips: new Set(vips.map(addressId)) });
  const { handovers, echoes, left } = collectHandovers({ host: host6, services, paths, gateways: [], hopOf });
  return { ipv6, paths, holders, neighbours, refusingRoutes: collectRefusingRoutes(netlink, 'inet6'), handovers, echoes, left };
}
