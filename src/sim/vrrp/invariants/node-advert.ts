// Adverts that nodes of the history sent, as they arrive.
import type { Address } from '../../../model/address.js';
import { sameAddress } from '../../../model/identity.js';
import type { VrrpInstance } from '../../../model/keepalived/instance.js';
import { type SeenAdvert, seeAdvert } from '../advert.js';
import type { Observation } from '../invariant.js';
import type { World, WorldNode } from '../world.js';

export interface NodeAdvert {
  readonly device: string;
  readonly source: Address;
  readonly advert: SeenAdvert;
  /** Whether sender and receiver now have matching configurations: else it may be refused, or be older than a reload. */
  readonly fits: (name: string) => boolean;
}

/** The advert of a packet from a node of the history; undefined for forged ones. */
export function nodeAdvert(world: World, { input, node }: Observation): NodeAdvert | undefined {
  if (input.kind !== 'packet') return undefined;
  const { source, bytes, protocol, interface: device } = input.packet;
  const sender = world.nodes.find(({ setup }) =>
    setup.interfaces.some(({ addresses }) => addresses.some((own) => sameAddress(own, source))),
  );
  const advert = seeAdvert(source.family === 'inet' ? bytes.subarray(20) : bytes, protocol, source.family);
  const receiver = world.nodes[node];
  if (sender === undefined || receiver === undefined || advert === undefined) return undefined;
  return { device, source, advert, fits: (name) => routerOf(sender, name) === routerOf(receiver, name) };
}

/** What two nodes must have in common to be one virtual router; with `anti_replay time` also their wall clocks. */
export const routerOf = (node: WorldNode, name: string): string => {
  const instance = node.configuration.instances.find((each) => each.name === name);
  const { vrid, interface: device, authentication, heartbeat, addresses } = instance ?? {};
  const stamped = authentication?.kind === 'hmac' && authentication.antiReplay === 'time';
  const list = instance?.addressMismatch === 'drop' ? addresses : [];
  return JSON.stringify([vrid, device, authentication, heartbeat?.length, list, stamped ? node.wallOffUs : 0]);
};

/** Whether an advert is for an instance; whether it is accepted depends on `fits`. */
export const isOf = (instance: VrrpInstance, received: NodeAdvert | undefined): received is NodeAdvert =>
  received?.advert.vrid === instance.vrid && received.device === instance.interface && received.source.family === instance.family;
