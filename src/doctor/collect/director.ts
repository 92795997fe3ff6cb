// Gathers everything that the director's rules look at: reads the host, then asks and tries the network, all bounded in time.

import { probeArp } from '../../host/arp.js';
import type { Address } from '../../model/address.js';
import { addressId, sameAddress } from '../../model/identity.js';
import type { Netlink } from '../../sys/netlink.js';
import { decodeNeighbour, dumpNeighbours, NeighbourState } from '../../wire/rtnetlink-neighbour.js';
import type { ConnectFact, DatapathFacts, DirectorFacts, HolderFact, HostFacts, PathFact, ServiceFact } from '../facts.js';
import { onWire, realServersOf, speaksArp, vipsOf } from '../network.js';
import { collectConnects } from './connects.js';
import { collectFilters } from './filters.js';
import { collectHandovers, type Handover } from './handovers.js';
import { collectPath } from './host.js';
import { collectOffloads } from './offloads.js';

/** At most so many real servers are connected to; the rest is told, not tried. */
const MOST_CONNECTS = 4096;

/** Who holds the VIPs (asked on every interface) and the real servers (asked where they lie). */
function collectHolders(
  netlink: Netlink,
  host: HostFacts,
  services: readonly ServiceFact[],
  paths: readonly PathFact[],
): readonly HolderFact[] {
  const vips = vipsOf(services);
  const direct = (ifindex: number): readonly Address[] =>
    paths
      .filter((path) => path.kind === 'direct' && path.device === ifindex)
      .map(({ to }) => to)
      .filter((to) => !vips.some((vip) => sameAddress(vip, to)));
  const questions = host.links
    .filter(speaksArp)
    .flatMap(({ ifindex, mac }) => (mac === undefined ? [] : [{ ifindex, mac, addresses: [...vips, ...direct(ifindex)] }]));
  const own = new Set(host.links.flatMap(({ mac }) => mac ?? []));
  const answers = probeArp(questions, own).filter(({ kind }) => kind === 'holds');
  // A server that answers nobody's probe may still be known to the kernel, which has just spoken with it.
  const good = NeighbourState.reachable | NeighbourState.delay | NeighbourState.probe | NeighbourState.permanent | NeighbourState.stale;
  const servers = realServersOf(services);
  const neighbours = netlink
    .dump(dumpNeighbours('inet'), decodeNeighbour, 'list neighbours')
    .flatMap(({ ifindex, address, mac, state }) =>
      mac !== undefined && (state & good) !== 0 && servers.some((one) => sameAddress(one, address)) ? [{ ifindex, address, mac }] : [],
    );
  const known = new Map<string, HolderFact>();
  for (const { ifindex, address, mac } of [...answers, ...neighbours]) {
    known.set(`${ifindex} ${addressId(address)} ${mac}`, { ifindex, address, mac });
  }
  return [...known.values()];
}

/** What VS/DR would do now, for every destination whose MAC is known. */
function handoversOf(
  host: HostFacts,
  services: readonly ServiceFact[],
  paths: readonly PathFact[],
  holders: readonly HolderFact[],
): readonly Handover[] {
  const vips = vipsOf(services);
  return services.flatMap(({ spec, destinations }) => {
    const { key } = spec;
    if (key.kind !== 'address' || key.protocol !== 'tcp' || key.port === 0 || key.address.family !== 'inet') {
      return [];
    }
    return destinations
      .filter(({ method }) => method === 'route')
      .flatMap(({ address: realServer }): Handover[] => {
        const path = paths.find(({ to, kind }) => kind === 'direct' && sameAddress(to, realServer));
        const mac = host.links.find(({ ifindex }) => ifindex === path?.device)?.mac;
        const holder = holders.find(({ ifindex, address }) => ifindex === path?.device && sameAddress(address, realServer));
        const sources = host.addresses.filter(
          ({ ifindex, address }) => ifindex === path?.device && !vips.some((vip) => sameAddress(vip, address)),
        );
        const source = onWire(host, realServer).find((one) => sources.includes(one)) ?? sources[0];
        return mac === undefined || holder === undefined || source === undefined
          ? []
          : [
              {
                ifindex: holder.ifindex,
                mac,
                source: source.address,
                serverMac: holder.mac,
                realServer,
                vip: key.address,
                port: key.port,
              },
            ];
      });
  });
}

function connectTargets(services: readonly ServiceFact[]): readonly { readonly address: Address; readonly port: number }[] {
  const targets = new Map<string, { readonly address: Address; readonly port: number }>();
  for (const { spec, destinations } of services) {
    const tcp = spec.key.kind === 'fwmark' || spec.key.protocol === 'tcp';
    for (const { address, port, method } of tcp ? destinations : []) {
      // A real server over a tunnel need not be reached by its own address in any other way, but it is: the outer header has it.
      if (port !== 0 && (method !== 'local' || spec.key.kind === 'address')) {
        targets.set(`${addressId(address)}:${port}`, { address, port });
      }
    }
  }
  return [...targets.values()];
}

export interface Known {
  readonly host: HostFacts;
  readonly datapath: DatapathFacts;
  readonly services: readonly ServiceFact[];
}

/** `waitMs`: how long a connect may take. @throws SystemError */
export async function collectDirector(netlink: Netlink, { host, datapath, services }: Known, waitMs: number): Promise<DirectorFacts> {
  const targets = connectTargets(services);
  const connects: readonly ConnectFact[] = await collectConnects(targets.slice(0, MOST_CONNECTS), waitMs);
  const paths = realServersOf(services).map((to) => collectPath(netlink, to));
  const holders = collectHolders(netlink, host, services, paths);
  const { offloads, blind } = collectOffloads(host.links.filter(speaksArp));
  const filters = collectFilters();
  const untried = targets.length - MOST_CONNECTS;
  return {
    ...host,
    role: 'director',
    datapath,
    services,
    paths,
    connects,
    holders,
    handovers: collectHandovers(handoversOf(host, services, paths, holders)),
    offloads,
    filters: filters.filters,
    blind: [
      ...blind,
      ...filters.blind,
      ...(untried > 0 ? [`${untried} real servers were not tried: more than ${MOST_CONNECTS} are listed`] : []),
    ],
  };
}
