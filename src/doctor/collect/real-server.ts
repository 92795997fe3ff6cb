// Collects everything that a real server's rules need, for each family that it serves, and asks which hosts hold the VIPs, the gateways and the
// director's address.
import { tunnelOf } from '../../control/realserver/plan-tunnels.js';
import { hostArpRules } from '../../host/arp-rules.js';
import { guePortsHere } from '../../host/realserver/gue-ports.js';
import { localAddresses } from '../../host/realserver/local-addresses.js';
import { startedHere } from '../../host/realserver/realserver.js';
import { runTool } from '../../host/run-tool.js';
import { type Address, type Family, isLoopbackAddress } from '../../model/address.js';
import { parseAddress } from '../../model/address-text.js';
import { sameAddress } from '../../model/identity.js';
import { hostLength } from '../../model/subnet.js';
import type { Netlink } from '../../sys/netlink/netlink.js';
import { decodeRoute, dumpRoutes, RouteTable } from '../../wire/rtnetlink-route.js';
import type { HostFacts, NotExamined, RealServerFacts, ServerMethod, ServicePort, TunnelFacts } from '../facts.js';
import { BOTH_FAMILIES, contains, subnetsWith, usesArp } from '../network.js';
import { chosenMethod } from '../server-method.js';
import { type Ask, askByArp, askByDiscovery } from './ask.js';
import { collectRefusingRoutes } from './client-paths.js';
import { collectFilterChains } from './filter-chains.js';
import { collectGateways, holdersOf } from './gateways.js';
import { collectPath } from './host.js';
import type { HostIpv6 } from './host-ipv6.js';
import { collectGatewayEchoes } from './probe/gateway-echoes.js';
import { collectSockets } from './sockets.js';

export interface RealServerOptions {
  /** Absent: what this host and the network show. */
  readonly method?: ServerMethod;
  /** Absent: those that are here. */
  readonly vips?: readonly Address[];
  readonly ports: readonly ServicePort[];
  /** The director's own addresses, one of a family. */
  readonly dips: readonly Address[];
}

const inet = (word: number): Address => ({ family: 'inet', words: [word >>> 0] });
const inet6 = (...words: readonly number[]): Address => ({ family: 'inet6', words });
/** Addresses of documentation (RFC 5737, RFC 3849, RFC 9637) and public ones: where clients are that are not in a subnet of this host. */
const OUTSIDE: Readonly<Record<Family, readonly Address[]>> = {
  inet: [0xc6336455, 0xcb007155, 0xc0000255, 0x09090909].map(inet),
  inet6: [inet6(0x20010db8, 0x77777777, 0, 0x85), inet6(0x3fff0777, 0, 0, 0x85), inet6(0x262000fe, 0, 0, 9)],
};

/** Of this host, that are asked for. */
const ADDRESSES_MAX = 64;

function outsideOf(host: HostFacts, family: Family): Address {
  const [first = family === 'inet' ? inet(0x09090909) : inet6(0x262000fe, 0, 0, 9)] = OUTSIDE[family].filter(
    (address) => !host.addresses.some((one) => contains(one, address)),
  );
  return first;
}

/** The addresses that this host itself is known by on a wire. */
function ownAddresses(host: HostFacts): readonly Address[] {
  const wires = new Set(host.interfaces.filter(usesArp).map(({ ifindex }) => ifindex));
  return host.addresses
    .filter(({ ifindex }) => wires.has(ifindex))
    .map(({ address }) => address)
    .slice(0, ADDRESSES_MAX);
}

/** What both families share. */
type Shared = Pick<RealServerFacts, 'sockets' | 'chains' | 'arpRules' | 'tools' | 'tunnels'>;

/** What is asked of one family. `host`: with its addresses and routes. */
interface OfFamily {
  readonly family: Family;
  readonly host: HostFacts;
  readonly ask: Ask;
  readonly vips: readonly Address[];
}

async function collectFamily(
  netlink: Netlink,
  { family, host, ask, vips }: OfFamily,
  { ports, dips, method }: RealServerOptions,
  shared: Shared,
): Promise<RealServerFacts> {
  const dip = dips.find((one) => one.family === family);
  const gateways = await collectGateways(netlink, host, ask);
  const own = ownAddresses(host).filter((one) => !vips.some((vip) => sameAddress(vip, one)));
  const holders = [...ask({ addresses: [...vips, ...(dip === undefined ? [] : [dip]), ...own] }), ...holdersOf(gateways)];
  const localVips = vips.filter((vip) => collectPath(netlink, vip).kind === 'local');
  const answered = method === 'fullnat' && dip !== undefined ? dip : outsideOf(host, family);
  const routes = netlink.dump(dumpRoutes(family), decodeRoute, 'list routes');
  // Behind VS/NAT answers come from the address that the director knows, and policy routes may choose by it.
  const served = dip === undefined ? [] : subnetsWith(host, dip).map(({ address }) => address);
  const sources = localVips.length > 0 ? localVips : served.length > 0 ? served : [undefined];
  const draft = {
    ...host,
    ...shared,
    role: 'rs' as const,
    family,
    vips,
    localVips,
    ports,
    ...(dip === undefined ? {} : { dip }),
    holders,
    gateways,
    echoes: collectGatewayEchoes(host, gateways),
    waysBack: sources.map((from) => ({ ...(from === undefined ? {} : { from }), path: collectPath(netlink, answered, from) })),
    refusingRoutes: collectRefusingRoutes(netlink, family),
    otherRouters: routes.some(({ gateway, prefixLength, table }) => gateway !== undefined && prefixLength > 0 && table === RouteTable.main),
    notExamined: [],
  };
  return { ...draft, ...chosenMethod(draft, method) };
}

/** The families that are asked for; else those of the VIPs that are here; else IPv4, or IPv6 where no interface has an IPv4 address. */
function familiesOf({ vips, dips }: RealServerOptions, host: HostFacts, six: HostIpv6, tunnels: TunnelFacts): readonly Family[] {
  const given = [...(vips ?? []), ...dips];
  const asked = given.length > 0 ? given : withTunnelVips([...vipsHere(host), ...vipsHere(six.host)], tunnels);
  const found = BOTH_FAMILIES.filter((family) => asked.some((one) => one.family === family));
  if (found.length > 0) return found;
  return ownAddresses(host).length === 0 && ownAddresses(six.host).length > 0 ? ['inet6'] : ['inet'];
}

function collectTunnels(): TunnelFacts {
  const { tunnelVips, tunnels, ports } = startedHere();
  const vips = tunnelVips.flatMap((text) => parseAddress(text) ?? []);
  const rips = localAddresses().filter((one) => !vips.some((vip) => sameAddress(one, vip)));
  return { guePorts: guePortsHere(), vips, devices: tunnels.map(tunnelOf), ports, rips };
}

/** A VIP goes with its tunnel device, and was started all the same. */
const withTunnelVips = (here: readonly Address[], { vips }: TunnelFacts): readonly Address[] => [
  ...here,
  ...vips.filter((vip) => !here.some((one) => sameAddress(one, vip))),
];

/** @throws SystemError, WeirError state-file-damaged */
export async function collectRealServer(
  netlink: Netlink,
  host: HostFacts,
  six: HostIpv6,
  options: RealServerOptions,
): Promise<RealServerFacts> {
  const { chains, notExamined } = collectFilterChains();
  const sockets = collectSockets();
  const unlisted: readonly NotExamined[] =
    sockets === undefined ? [{ what: 'listening sockets were not examined', cause: 'this kernel has no sock_diag' }] : [];
  const tunnels = collectTunnels();
  const tools = ['nft', 'iptables', 'ip6tables'].filter((tool) => runTool(tool, ['--version']).kind !== 'absent');
  const shared = { ...(sockets === undefined ? {} : { sockets }), chains, arpRules: hostArpRules(), tools, tunnels };
  const [first = 'inet', second] = familiesOf(options, host, six, tunnels);
  const collect = (family: Family): Promise<RealServerFacts> => {
    const own = family === 'inet' ? { host, ask: askByArp(host) } : { host: six.host, ask: askByDiscovery(host, six.askers) };
    const vips = (options.vips ?? withTunnelVips(vipsHere(own.host), tunnels)).filter((vip) => vip.family === family);
    return collectFamily(netlink, { family, ...own, vips }, options, shared);
  };
  const facts = { ...(await collect(first)), notExamined: [...notExamined, ...unlisted] };
  return second === undefined ? facts : { ...facts, other: await collect(second) };
}

/** Whether a VIP of a real server may be there: not where ARP is spoken, nor where kube-proxy and caches keep theirs. */
function isVipPlace(host: HostFacts, ifindex: number): boolean {
  const iface = host.interfaces.find((one) => one.ifindex === ifindex);
  return (
    iface !== undefined && !iface.name.startsWith('kube-') && iface.name !== 'nodelocaldns' && (iface.kind === 'dummy' || !usesArp(iface))
  );
}

/** The addresses on lo, on a dummy interface or on a tunnel that can only be VIPs: /32 or /128, and not 127/8 or ::1. */
export function vipsHere(host: HostFacts): readonly Address[] {
  const found = host.addresses
    .filter(
      ({ ifindex, prefixLength, address }) =>
        isVipPlace(host, ifindex) && prefixLength === hostLength(address) && !isLoopbackAddress(address),
    )
    .map(({ address }) => address);
  return found.filter((one, index) => found.findIndex((other) => sameAddress(one, other)) === index);
}
