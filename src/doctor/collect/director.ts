// Collects everything that the director's rules need from the host and from the network. Every wait has a timeout.

import { type ArpQuestion, probeArp } from '../../host/arp.js';
import type { Address } from '../../model/address.js';
import { counted } from '../../model/counted.js';
import { addressId, destinationId } from '../../model/identity.js';
import type { Netlink } from '../../sys/netlink/netlink.js';
import { decodeNeighbour, dumpNeighbours, NeighbourState } from '../../wire/rtnetlink-neighbour.js';
import type { ConnectFact, DatapathFacts, DirectorFacts, HolderFact, HostFacts, PathFact, ServiceFact } from '../facts.js';
import { realServersOf, usesArp, vipsOf } from '../network.js';
import { collectConnects } from './connects.js';
import { collectFilterRules } from './filter-rules.js';
import { handoversOf } from './handover-plan.js';
import { collectHandovers, HANDOVERS_MAX } from './handovers.js';
import { collectPath } from './host.js';
import { collectOffloads } from './offloads.js';

/** Addresses that are asked for by ARP on one interface. */
const PROBES_MAX = 1024;
/** Real servers that are connected to; the others are reported as not tried. */
const CONNECTS_MAX = 4096;

interface Holders {
  readonly holders: readonly HolderFact[];
  /** Ids of addresses that were not asked for. */
  readonly unasked: ReadonlySet<string>;
}

/** Who holds the VIPs (asked on every interface) and the real servers (asked on the interface of their route). */
function collectHolders(netlink: Netlink, host: HostFacts, services: readonly ServiceFact[], paths: readonly PathFact[]): Holders {
  const vips = vipsOf(services);
  const vipIds = new Map(vips.map((vip) => [addressId(vip), vip]));
  const direct = paths.filter(({ kind, to }) => kind === 'direct' && !vipIds.has(addressId(to)));
  const unasked = new Set<string>();
  const questions = host.interfaces.filter(usesArp).flatMap(({ ifindex, mac }): ArpQuestion[] => {
    const all = [...vips, ...direct.filter((path) => path.ifindex === ifindex).map(({ to }) => to)];
    for (const address of all.slice(PROBES_MAX)) unasked.add(addressId(address));
    return mac === undefined ? [] : [{ ifindex, mac, addresses: all.slice(0, PROBES_MAX) }];
  });
  const own = new Set(host.interfaces.flatMap(({ mac }) => mac ?? []));
  const holders: HolderFact[] = probeArp(questions, own)
    .filter(({ kind }) => kind === 'holds')
    .map(({ ifindex, address, mac }) => ({ ifindex, address, mac }));
  // A server that does not answer the probe may still have a fresh entry in the kernel's neighbour table.
  const answered = new Set(holders.map(({ address }) => addressId(address)));
  const servers = new Set(realServersOf(services).map(addressId));
  for (const { ifindex, address, mac, state } of netlink.dump(dumpNeighbours('inet'), decodeNeighbour, 'list neighbours')) {
    const certain = (state & (NeighbourState.reachable | NeighbourState.permanent)) !== 0;
    if (mac !== undefined && certain && servers.has(addressId(address)) && !answered.has(addressId(address))) {
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

export interface DirectorInput {
  readonly host: HostFacts;
  readonly datapath: DatapathFacts;
  readonly services: readonly ServiceFact[];
}

/** `waitMs`: how long a connect may take. @throws SystemError */
export async function collectDirector(
  netlink: Netlink,
  { host, datapath, services }: DirectorInput,
  waitMs: number,
): Promise<DirectorFacts> {
  const targets = connectTargets(services);
  const connects: readonly ConnectFact[] = await collectConnects(targets.slice(0, CONNECTS_MAX), waitMs);
  const paths = realServersOf(services).map((to) => collectPath(netlink, to));
  const { holders, unasked } = collectHolders(netlink, host, services, paths);
  const { offloads, notExamined } = collectOffloads(host.interfaces.filter(usesArp));
  const filters = collectFilterRules();
  const untried = targets.length - CONNECTS_MAX;
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
    notExamined: [
      ...notExamined,
      ...filters.notExamined,
      ...(unasked.size > 0
        ? [
            {
              what: `${counted(unasked.size, 'address was', 'addresses were')} not asked for by ARP`,
              cause: `more than ${PROBES_MAX} on one interface`,
            },
          ]
        : []),
      ...(handovers.length > HANDOVERS_MAX
        ? [
            {
              what: `the answers of ${counted(handovers.length - HANDOVERS_MAX, 'server')} were not tried`,
              cause: `more than ${HANDOVERS_MAX} are listed`,
            },
          ]
        : []),
      ...(untried > 0
        ? [{ what: `${counted(untried, 'real server was', 'real servers were')} not tried`, cause: `more than ${CONNECTS_MAX} are listed` }]
        : []),
    ],
  };
}
