// Collects everything that the director's rules need from the host and from the network. Every wait has a timeout.

import { hostArpRules } from '../../host/arp-rules.js';
import { notAppliedHere } from '../../host/not-applied.js';
import { readApiSilences } from '../../host/published-api.js';
import type { Address } from '../../model/address.js';
import { counted } from '../../model/counted.js';
import { addressId, destinationId } from '../../model/identity.js';
import type { ServiceKey } from '../../model/service.js';
import { ipsecPolicies } from '../../sys/netlink/ipsec-policies.js';
import type { Netlink } from '../../sys/netlink/netlink.js';
import type { ClientFact, ConnectFact, DirectorFacts, HostFacts, NotExamined, PathFact, ServiceFact } from '../facts.js';
import { isCarrying, realServersOf, usesArp, vipsOf } from '../network.js';
import { aimedRules } from '../packet-filter/aim.js';
import type { Chain } from '../packet-filter/model.js';
import { collectCheckedServices } from './checked-services.js';
import { collectClientPaths, collectRefusingRoutes } from './client-paths.js';
import { collectConnects, otherPorts, SILENT_MAX } from './connects.js';
import type { CollectedDatapath } from './datapath.js';
import { collectArrivalDenials, collectDenials, collectReturnDenials } from './denials.js';
import { collectDirectorIpv6 } from './director-ipv6.js';
import { collectHolders, collectNeighbours, PROBES_MAX } from './holders.js';
import { collectPath } from './host.js';
import { collectLocalServers } from './local-servers.js';
import { collectMarkDenials } from './mark-denials.js';
import { collectOffloads } from './offloads.js';
import { collectHandovers, HANDOVERS_MAX } from './probe/handovers.js';
import { nextHops } from './probe/next-hop.js';
import { reflectionQuestions } from './probe/reflection-plan.js';
import { collectReflections, REFLECTIONS_MAX } from './probe/reflections.js';
import { collectProxies } from './proxies.js';
import { collectRouted } from './routed.js';
import { collectSettledFirewall } from './settled-firewall.js';
import { collectStream } from './stream.js';
import { collectWantedSwitch } from './switched.js';
import { collectSyncDaemons } from './sync-daemons.js';
import type { TableFacts } from './table.js';
import { watchUnserved } from './unserved.js';

/** Real servers that are connected to; the others are reported as not tried. */
const CONNECTS_MAX = 4096;

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

interface Connects {
  readonly connects: readonly ConnectFact[];
  /** Real servers that were not connected to. */
  readonly left: number;
}

/** Connects to all, and where a port is refused, to the ports that may have been meant. */
async function connectAll(services: readonly ServiceFact[], waitMs: number): Promise<Connects> {
  const targets = connectTargets(services);
  const connects = await collectConnects(targets.slice(0, CONNECTS_MAX), waitMs);
  const left = targets.length - connects.length;
  const tcp = services.flatMap(({ spec: { key }, destinations }) =>
    key.kind === 'address' && key.protocol === 'tcp' ? [{ port: key.port, destinations }] : [],
  );
  const others = otherPorts(connects, tcp, CONNECTS_MAX);
  return { connects: others.length === 0 ? connects : [...connects, ...(await collectConnects(others, waitMs))], left };
}

/** The routers between this host and servers or clients. */
function gatewaysOf(
  paths: readonly PathFact[],
  clients: readonly ClientFact[],
): readonly { readonly ifindex: number; readonly address: Address }[] {
  const all = [...paths, ...clients.map(({ path }) => path)].flatMap(({ ifindex, gateway }) =>
    ifindex === undefined || gateway === undefined ? [] : [{ ifindex, address: gateway }],
  );
  return [...new Map(all.map((one) => [`${one.ifindex} ${addressId(one.address)}`, one])).values()];
}

function tooMany(left: number, not: string, one: string, many: string, max: number, more = ''): readonly NotExamined[] {
  return left > 0 ? [{ what: `${counted(left, one, many)} ${not}`, cause: `doctor tries ${max} at most${more}` }] : [];
}

/** How many addresses were not asked for, and how many servers not tried by their methods and not connected to. */
const leftOut = (unasked: number, untried: number, unconnected: number): readonly NotExamined[] => [
  ...tooMany(unasked, 'not asked for by ARP', 'address was', 'addresses were', PROBES_MAX),
  ...tooMany(untried, 'not tried by the forwarding method', 'server was', 'servers were', HANDOVERS_MAX),
  ...tooMany(
    unconnected,
    'not connected to',
    'real server was',
    'real servers were',
    CONNECTS_MAX,
    `, and no more after ${SILENT_MAX} without an answer`,
  ),
];

/** What weir's daemons run with, and publish. */
const ofDaemons = (netlink: Netlink, keys: readonly ServiceKey[]): Pick<DirectorFacts, 'proxies' | 'notApplied' | 'checked'> => ({
  proxies: collectProxies(),
  notApplied: notAppliedHere(netlink, keys),
  checked: collectCheckedServices(),
});

/** What the packet filter drops where new connections pass it. */
const behindFilter = (
  host: HostFacts,
  services: readonly ServiceFact[],
  chains: readonly Chain[],
): Pick<DirectorFacts, 'returnDenials' | 'arrivalDenials'> => ({
  returnDenials: collectReturnDenials(services, chains),
  arrivalDenials: collectArrivalDenials(host, services, chains),
});

export interface DirectorInput {
  readonly host: HostFacts;
  readonly datapath: CollectedDatapath;
  readonly table: TableFacts;
}

/** `waitMs`: how long a connect may take. @throws SystemError */
export async function collectDirector(
  netlink: Netlink,
  { host, datapath: found, table }: DirectorInput,
  waitMs: number,
): Promise<DirectorFacts> {
  const { services, connections } = table;
  const unserved = watchUnserved(host, services);
  const { connects, left } = await connectAll(services, waitMs);
  const paths = realServersOf(services).map((to) => collectPath(netlink, to));
  const clients = collectClientPaths(netlink, services, table.clients);
  const gateways = gatewaysOf(paths, clients);
  const vips = vipsOf(services);
  const neighbours = collectNeighbours(netlink);
  const { holders, unasked, silent } = collectHolders(host, vips, paths, gateways, neighbours);
  const gatewayPaths = gateways.map(({ ifindex, address }): PathFact => ({ to: address, kind: 'direct', ifindex }));
  const hopOf = nextHops({ host, paths: [...paths, ...gatewayPaths], holders, neighbours, vips: new Set(vips.map(addressId)) });
  const servers = collectHandovers({ host, services, paths, gateways: gateways.map(({ address }) => address), hopOf });
  const wires = host.interfaces.filter((iface) => usesArp(iface) && isCarrying(iface)).map(({ ifindex }) => ifindex);
  const macs = new Set(host.interfaces.flatMap(({ mac }) => mac ?? []));
  const reflections = collectReflections(reflectionQuestions(host, services, clients, hopOf).slice(0, REFLECTIONS_MAX), wires, macs);
  const { offloads, notExamined } = collectOffloads(host.interfaces.filter(usesArp));
  const { datapath, filters } = collectSettledFirewall(found.facts, found.reader);
  const stream = collectStream(host, filters.chains);
  const six = collectDirectorIpv6(netlink, host, services, table.clients);
  const routed = collectRouted(netlink, host, services, { paths, hopOf }, six);
  const [drops, wantedSwitch, keys] = [table.drops(), collectWantedSwitch(), services.map(({ spec }) => spec.key)];
  const allPaths = [...paths.map((path) => (unasked.has(addressId(path.to)) ? { ...path, unasked: true } : path)), ...(six?.paths ?? [])];
  return {
    ...host,
    ...(six === undefined ? {} : { ipv6: six.ipv6 }),
    role: 'director',
    datapath,
    services,
    connections,
    ...(drops === undefined ? {} : { drops }),
    ...(table.fill === undefined ? {} : { fill: table.fill }),
    ...(table.drains === undefined ? {} : { drains: table.drains }),
    ...(table.emptied === undefined ? {} : { emptied: table.emptied }),
    clients: [...clients, ...(six?.clients ?? [])],
    paths: allPaths,
    connects,
    holders: [...holders, ...(six?.holders ?? [])],
    silent,
    neighbours: [...neighbours, ...(six?.neighbours ?? [])],
    reflections,
    unserved: unserved(),
    refusingRoutes: [...collectRefusingRoutes(netlink), ...(six?.refusingRoutes ?? [])],
    handovers: [...servers.handovers, ...(six?.handovers ?? []), ...routed.handovers],
    absentLocals: routed.absentLocals,
    echoes: [...servers.echoes, ...(six?.echoes ?? [])],
    offloads,
    filters: aimedRules(filters.chains),
    ...collectDenials(host, services, filters.chains),
    ...(datapath.firewall === true ? behindFilter(host, services, filters.chains) : {}),
    markDenials: collectMarkDenials(host, services, filters.chains),
    ...collectLocalServers(host, services, allPaths, filters.chains),
    ipsecPolicies: ipsecPolicies(),
    arpRules: hostArpRules(),
    syncDaemons: collectSyncDaemons(),
    ...ofDaemons(netlink, keys),
    apiSilences: readApiSilences(),
    ...(wantedSwitch === undefined ? {} : { wantedSwitch }),
    ...(stream === undefined ? {} : { stream }),
    notExamined: [...notExamined, ...filters.notExamined, ...leftOut(unasked.size, servers.left + (six?.left ?? 0) + routed.left, left)],
  };
}
