// Gathers everything that the director's rules look at: reads the host, then asks and tries the network, all bounded in time.

import { type ArpQuestion, probeArp } from '../../host/arp.js';
import type { Address } from '../../model/address.js';
import { addressId, destinationId } from '../../model/identity.js';
import type { Netlink } from '../../sys/netlink/netlink.js';
import { decodeNeighbour, dumpNeighbours, NeighbourState } from '../../wire/rtnetlink-neighbour.js';
import type { ConnectFact, DatapathFacts, DirectorFacts, HolderFact, HostFacts, PathFact, ServiceFact } from '../facts.js';
import { realServersOf, speaksArp, vipsOf } from '../network.js';
import { collectConnects } from './connects.js';
import { collectFilters } from './filter-rules.js';
import { handoversOf } from './handover-plan.js';
import { collectHandovers, MOST_HANDOVERS } from './handovers.js';
import { collectPath } from './host.js';
import { collectOffloads } from './offloads.js';

/** At most so many addresses are asked for on one interface. */
const MOST_PROBES = 1024;
/** At most so many real servers are connected to; the rest is told, not tried. */
const MOST_CONNECTS = 4096;

interface Holders {
  readonly holders: readonly HolderFact[];
  /** By their ids, addresses that were not asked for. */
  readonly unasked: ReadonlySet<string>;
}

/** Who holds the VIPs (asked on every interface) and the real servers (asked where they lie). */
function collectHolders(netlink: Netlink, host: HostFacts, services: readonly ServiceFact[], paths: readonly PathFact[]): Holders {
  const vips = vipsOf(services);
  const wanted = new Map(vips.map((vip) => [addressId(vip), vip]));
  const direct = paths.filter(({ kind, to }) => kind === 'direct' && !wanted.has(addressId(to)));
  const unasked = new Set<string>();
  const questions = host.links.filter(speaksArp).flatMap(({ ifindex, mac }): ArpQuestion[] => {
    const all = [...vips, ...direct.filter(({ device }) => device === ifindex).map(({ to }) => to)];
    for (const address of all.slice(MOST_PROBES)) unasked.add(addressId(address));
    return mac === undefined ? [] : [{ ifindex, mac, addresses: all.slice(0, MOST_PROBES) }];
  });
  const own = new Set(host.links.flatMap(({ mac }) => mac ?? []));
  const holders: HolderFact[] = probeArp(questions, own)
    .filter(({ kind }) => kind === 'holds')
    .map(({ ifindex, address, mac }) => ({ ifindex, address, mac }));
  // A server that answers no probe may still have answered the kernel a moment ago.
  const heard = new Set(holders.map(({ address }) => addressId(address)));
  const servers = new Set(realServersOf(services).map(addressId));
  for (const { ifindex, address, mac, state } of netlink.dump(dumpNeighbours('inet'), decodeNeighbour, 'list neighbours')) {
    const certain = (state & (NeighbourState.reachable | NeighbourState.permanent)) !== 0;
    if (mac !== undefined && certain && servers.has(addressId(address)) && !heard.has(addressId(address))) {
      holders.push({ ifindex, address, mac });
    }
  }
  return { holders, unasked };
}

function connectTargets(services: readonly ServiceFact[]): readonly { readonly address: Address; readonly port: number }[] {
  const targets = new Map<string, { readonly address: Address; readonly port: number }>();
  for (const { spec, destinations } of services) {
    const tcp = spec.key.kind === 'fwmark' || spec.key.protocol === 'tcp';
    for (const { address, port } of tcp ? destinations : []) {
      if (port !== 0) targets.set(destinationId({ address, port }), { address, port });
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
  const { holders, unasked } = collectHolders(netlink, host, services, paths);
  const { offloads, blind } = collectOffloads(host.links.filter(speaksArp));
  const filters = collectFilters();
  const untried = targets.length - MOST_CONNECTS;
  const handovers = handoversOf(host, services, paths, holders);
  return {
    ...host,
    role: 'director',
    datapath,
    services,
    paths: paths.map((path) => (unasked.has(addressId(path.to)) ? { ...path, unasked: true } : path)),
    connects,
    holders,
    handovers: collectHandovers(handovers),
    offloads,
    filters: filters.filters,
    blind: [
      ...blind,
      ...filters.blind,
      ...(unasked.size > 0
        ? [{ what: `${unasked.size} addresses were not asked for by ARP`, cause: `more than ${MOST_PROBES} on one interface` }]
        : []),
      ...(handovers.length > MOST_HANDOVERS
        ? [
            {
              what: `${handovers.length - MOST_HANDOVERS} servers' answers were not tried`,
              cause: `more than ${MOST_HANDOVERS} are listed`,
            },
          ]
        : []),
      ...(untried > 0 ? [{ what: `${untried} real servers were not tried`, cause: `more than ${MOST_CONNECTS} are listed` }] : []),
    ],
  };
}
