// The routers of the default routes: whether they answer ARP or neighbour solicitations, and whether the kernel uses another MAC than theirs.
import { createSocket } from 'node:dgram';
import { setTimeout as pause } from 'node:timers/promises';
import { type Address, isLinkLocal } from '../../model/address.js';
import { formatAddress } from '../../model/address-text.js';
import { addressId, sameAddress } from '../../model/identity.js';
import type { Netlink } from '../../sys/netlink/netlink.js';
import type { Link } from '../../wire/rtnetlink-link.js';
import { decodeNeighbour, dumpNeighbours, type Neighbour, NeighbourState } from '../../wire/rtnetlink-neighbour.js';
import type { GatewayFact, HolderFact, HostFacts } from '../facts.js';
import { usesArp } from '../network.js';
import type { Ask } from './ask.js';
import { collectPath } from './host.js';

/** The port "discard": a router drops what comes there. */
const DISCARD_PORT = 9;
/** The kernel asks three times, a second apart. */
const RESOLVE_MAX_MS = 3500;
const LOOK_MS = 100;

interface Router {
  readonly gateway: Address;
  readonly ifindex: number | undefined;
}

function neighbourOf(netlink: Netlink, address: Address, ifindex: number): Neighbour | undefined {
  const all = netlink.dump(dumpNeighbours(address.family), decodeNeighbour, 'list neighbours');
  return all.find((one) => one.ifindex === ifindex && sameAddress(one.address, address));
}

/** Some routers do not answer a probe without a sender. The kernel's own request has one: it asks when there is something to send. */
async function resolve(netlink: Netlink, address: Address, { ifindex, name }: Link): Promise<Neighbour | undefined> {
  const socket = createSocket(address.family === 'inet' ? 'udp4' : 'udp6');
  socket.on('error', () => undefined); // No route, or an ICMP error: the neighbour table shows the outcome.
  socket.send('', DISCARD_PORT, `${formatAddress(address)}${isLinkLocal(address) ? `%${name}` : ''}`, () => undefined);
  const done = NeighbourState.failed | NeighbourState.reachable | NeighbourState.permanent;
  let found: Neighbour | undefined;
  for (let left = RESOLVE_MAX_MS; left > 0; left -= LOOK_MS) {
    await pause(LOOK_MS);
    found = neighbourOf(netlink, address, ifindex);
    if (found !== undefined && (found.state & done) !== 0) break;
  }
  socket.close();
  return found;
}

async function gatewayOf(netlink: Netlink, host: HostFacts, ask: Ask, { gateway: address, ifindex: known }: Router): Promise<GatewayFact> {
  const ifindex = known ?? collectPath(netlink, address).ifindex ?? 0;
  const iface = host.interfaces.find((one) => one.ifindex === ifindex);
  if (iface?.mac === undefined || !usesArp(iface)) return { address, ifindex, unasked: true };
  const [answer] = ask({ addresses: [address], ifindex, isOne: true });
  const entry = neighbourOf(netlink, address, ifindex);
  const fixed = entry !== undefined && (entry.state & NeighbourState.permanent) !== 0 ? entry.mac : undefined;
  const resolved = answer !== undefined || fixed !== undefined ? undefined : await resolve(netlink, address, iface);
  const mac = answer?.mac ?? ((resolved?.state ?? 0) & NeighbourState.reachable ? resolved?.mac : undefined);
  return {
    address,
    ifindex,
    unasked: false,
    ...(mac === undefined ? {} : { mac }),
    ...(fixed === undefined || fixed === mac ? {} : { fixedMac: fixed }),
  };
}

/** The gateways of the host's default routes, which are of the family that `ask` is for. @throws SystemError */
export function collectGateways(netlink: Netlink, host: HostFacts, ask: Ask): Promise<readonly GatewayFact[]> {
  const routes = host.defaultRoutes.flatMap(({ gateway, ifindex }) => (gateway === undefined ? [] : [{ gateway, ifindex }]));
  const once = new Map(routes.map((route) => [addressId(route.gateway), route]));
  return Promise.all([...once.values()].map((router) => gatewayOf(netlink, host, ask, router)));
}

/** Of these routers the ones that answered, as hosts with an address and a MAC. */
export function holdersOf(gateways: readonly GatewayFact[]): readonly HolderFact[] {
  return gateways.flatMap(({ address, ifindex, mac }) => (mac === undefined ? [] : [{ address, ifindex, mac }]));
}
