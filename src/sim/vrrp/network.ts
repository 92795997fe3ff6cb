// Delivers a packet that a node sends: to which nodes, when, how often, with the IP header that the kernel would write.
import type { Effect, ReceivedPacket } from '../../control/vrrp/messages.js';
import { type Address, isMulticast } from '../../model/address.js';
import { sameAddress } from '../../model/identity.js';
import type { VrrpInstance } from '../../model/keepalived/instance.js';
import { encodeIpv4, IPV4_DEFAULTS } from '../../wire/ipv4.js';
import { mix, randomFrom } from '../random.js';
import { pathKey, type World, type WorldNode } from './world.js';

type Send = Extract<Effect, { readonly kind: 'send' }>;

export interface Arrival {
  readonly node: number;
  readonly afterUs: number;
  readonly packet: ReceivedPacket;
}

const owns = (node: WorldNode, device: string, address: Address): boolean =>
  (node.interfaces.get(device)?.addresses ?? []).some((own) => sameAddress(own, address));

/** The segment of a packet without an interface: the one with its destination. */
const routeTo = (world: World, destination: Address): string | undefined =>
  world.nodes
    .flatMap(({ interfaces }) => [...interfaces.values()])
    .find(({ addresses }) => addresses.some((own) => sameAddress(own, destination)))?.name;

function received(send: Send, device: string): ReceivedPacket {
  const { source, destination, ttl, protocol, payload, id } = send;
  const bytes =
    source.family === 'inet' ? encodeIpv4({ ...IPV4_DEFAULTS, tos: 0xc0, id, ttl, protocol, source, destination, payload }) : payload;
  return { interface: device, source, destination, ttl, protocol, bytes };
}

const lossOf = ({ losses }: World, from: number, to: number, device: string): number => losses.get(pathKey(from, to, device)) ?? 0;

/** Where a packet arrives. That depends only on the seed and the packet's number. */
export function carry(world: World, seed: number, from: number, send: Send): readonly Arrival[] {
  const sender = world.nodes[from];
  const leaves = send.interface ?? routeTo(world, send.destination);
  const device = sender?.virtuals.get(leaves ?? '')?.base ?? leaves;
  if (device === undefined || sender === undefined || !sender.interfaces.get(device)?.up) return [];
  const number = ++world.packets;
  const packet = received(send, device);
  const { loss, duplicate, minUs, maxUs } = world.weather;
  return world.nodes.flatMap((receiver, node) => {
    if (node === from || !receiver.interfaces.get(device)?.up) return [];
    if (!isMulticast(send.destination) && !owns(receiver, device, send.destination)) return [];
    const fate = randomFrom(mix(seed, number, node));
    if (fate.chance(loss) || fate.chance(lossOf(world, from, node, device))) return [];
    const copies = fate.chance(duplicate) ? 2 : 1;
    return Array.from({ length: copies }, () => ({ node, afterUs: fate.between(minUs, maxUs), packet }));
  });
}

export interface HeartbeatArrival {
  readonly node: number;
  readonly afterUs: number;
  readonly from: Address;
}

/** Where a heartbeat of an instance arrives. */
export function carryHeartbeat(world: World, seed: number, from: number, links: VrrpInstance['heartbeat']): readonly HeartbeatArrival[] {
  const { loss, minUs, maxUs } = world.weather;
  return links.flatMap(({ interface: device, peer }) => {
    const number = ++world.packets;
    const facts = world.nodes[from]?.interfaces.get(device);
    const source = facts?.addresses.find(({ family }) => family === peer.family);
    const node = world.nodes.findIndex((receiver) => owns(receiver, device, peer));
    if (source === undefined || !facts?.up || node < 0) return [];
    if (!world.nodes[node]?.interfaces.get(device)?.up) return [];
    const fate = randomFrom(mix(seed, number, node));
    return fate.chance(loss) || fate.chance(lossOf(world, from, node, device))
      ? []
      : [{ node, afterUs: fate.between(minUs, maxUs), from: source }];
  });
}
