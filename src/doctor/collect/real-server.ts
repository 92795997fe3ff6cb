// Collects everything that a real server's rules need, and asks by ARP which hosts hold the VIPs, the gateways and the director's address.
import { probeArp } from '../../host/arp.js';
import { hostArpRules } from '../../host/arp-rules.js';
import { runTool } from '../../host/run-tool.js';
import type { Address } from '../../model/address.js';
import { sameAddress } from '../../model/identity.js';
import type { Netlink } from '../../sys/netlink/netlink.js';
import { decodeRoute, dumpRoutes, RouteTable } from '../../wire/rtnetlink-route.js';
import type { HolderFact, HostFacts, NotExamined, RealServerFacts, ServerMethod, ServicePort } from '../facts.js';
import { contains, subnetsWith, usesArp } from '../network.js';
import { chosenMethod } from '../server-method.js';
import { collectRefusingRoutes } from './client-paths.js';
import { collectFilterChains } from './filter-chains.js';
import { collectGateways, holdersOf } from './gateways.js';
import { holdersIn } from './holders.js';
import { collectPath } from './host.js';
import { collectGatewayEchoes } from './probe/gateway-echoes.js';
import { collectSockets } from './sockets.js';

export interface RealServerOptions {
  /** Absent: what this host and the network show. */
  readonly method?: ServerMethod;
  readonly vips: readonly Address[];
  readonly ports: readonly ServicePort[];
  readonly dip?: Address;
}

const inet = (word: number): Address => ({ family: 'inet', words: [word >>> 0] });
/** Addresses of documentation (RFC 5737) and a public one: where clients are that are not in a subnet of this host. */
const OUTSIDE = [0xc6336455, 0xcb007155, 0xc0000255, 0x09090909].map(inet);

/** Of this host, that are asked for. */
const ADDRESSES_MAX = 64;

function outsideOf(host: HostFacts): Address {
  const [first = inet(0x09090909)] = OUTSIDE.filter((address) => !host.addresses.some((one) => contains(one, address)));
  return first;
}

/** Other hosts that answer for the VIPs and the director's address, asked wherever this host speaks ARP. */
function collectHolders(host: HostFacts, addresses: readonly Address[]): readonly HolderFact[] {
  const questions = host.interfaces.filter(usesArp).flatMap(({ ifindex, mac }) => (mac === undefined ? [] : [{ ifindex, mac, addresses }]));
  const own = new Set(host.interfaces.flatMap(({ mac }) => mac ?? []));
  return holdersIn(probeArp(questions, own));
}

/** Those that this host itself is known by on a wire. */
function ownAddresses(host: HostFacts): readonly Address[] {
  const wires = new Set(host.interfaces.filter(usesArp).map(({ ifindex }) => ifindex));
  return host.addresses
    .filter(({ ifindex }) => wires.has(ifindex))
    .map(({ address }) => address)
    .slice(0, ADDRESSES_MAX);
}

/** @throws SystemError */
export async function collectRealServer(netlink: Netlink, host: HostFacts, options: RealServerOptions): Promise<RealServerFacts> {
  const { vips, ports, dip } = options;
  const gateways = await collectGateways(netlink, host);
  const own = ownAddresses(host).filter((one) => !vips.some((vip) => sameAddress(vip, one)));
  const holders = [...collectHolders(host, [...vips, ...(dip === undefined ? [] : [dip]), ...own]), ...holdersOf(gateways)];
  const localVips = vips.filter((vip) => collectPath(netlink, vip).kind === 'local');
  const { chains, notExamined } = collectFilterChains();
  const sockets = collectSockets();
  const unlisted: readonly NotExamined[] =
    sockets === undefined ? [{ what: 'listening sockets were not examined', cause: 'this kernel has no sock_diag' }] : [];
  const outside = outsideOf(host);
  const routes = netlink.dump(dumpRoutes('inet'), decodeRoute, 'list routes');
  // Behind VS/NAT answers come from the address that the director knows, and policy routes may choose by it.
  const served = dip === undefined ? [] : subnetsWith(host, dip).map(({ address }) => address);
  const sources = localVips.length > 0 ? localVips : served.length > 0 ? served : [undefined];
  const draft = {
    ...host,
    role: 'rs' as const,
    vips,
    localVips,
    ports,
    ...(dip === undefined ? {} : { dip }),
    holders,
    gateways,
    echoes: collectGatewayEchoes(host, gateways),
    waysBack: sources.map((from) => ({ ...(from === undefined ? {} : { from }), path: collectPath(netlink, outside, from) })),
    ...(sockets === undefined ? {} : { sockets }),
    chains,
    arpRules: hostArpRules(),
    refusingRoutes: collectRefusingRoutes(netlink),
    otherRouters: routes.some(({ gateway, prefixLength, table }) => gateway !== undefined && prefixLength > 0 && table === RouteTable.main),
    tools: ['nft', 'iptables'].filter((tool) => runTool(tool, ['--version']).kind !== 'absent'),
    notExamined: [...notExamined, ...unlisted],
  };
  return { ...draft, ...chosenMethod(draft, options.method) };
}

/** Whether a VIP of a real server may be there: not where ARP is spoken, nor where kube-proxy and caches keep theirs. */
export function isVipPlace(host: HostFacts, ifindex: number): boolean {
  const iface = host.interfaces.find((one) => one.ifindex === ifindex);
  return (
    iface !== undefined && !iface.name.startsWith('kube-') && iface.name !== 'nodelocaldns' && (iface.kind === 'dummy' || !usesArp(iface))
  );
}

/** The addresses on lo, on a dummy interface or on a tunnel that can only be VIPs: /32, and not 127/8. */
export function vipsHere(host: HostFacts): readonly Address[] {
  const found = host.addresses
    .filter(
      ({ ifindex, prefixLength, address }) => isVipPlace(host, ifindex) && prefixLength === 32 && (address.words[0] ?? 0) >>> 24 !== 127,
    )
    .map(({ address }) => address);
  return found.filter((one, index) => found.findIndex((other) => sameAddress(one, other)) === index);
}
