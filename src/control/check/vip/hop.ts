// How VIP_CHECK sends to a real server from this host: as the datapath would, from an address that the server can answer.
import { type Address, isLinkLocal } from '../../../model/address.js';
import { addressId, sameAddress } from '../../../model/identity.js';
import { contains, hostLength } from '../../../model/subnet.js';
import type { Mac } from '../../../wire/ethernet.js';

/** What this host knows about a real server's address at the moment. */
export interface Surroundings {
  /** The route to it. */
  readonly route: { readonly ifindex?: number; readonly gateway?: Address; readonly isLocal: boolean } | undefined;
  /** The route's interface. */
  readonly device: { readonly name: string; readonly mac?: Mac } | undefined;
  /** All addresses of this host that it uses. */
  readonly addresses: readonly { readonly ifindex: number; readonly address: Address; readonly prefixLength: number }[];
  /** The MAC that the kernel's neighbour table has for the next hop; undefined: none that is valid. */
  readonly neighbour: Mac | undefined;
}

export interface Hop {
  readonly ifindex: number;
  readonly device: string;
  readonly mac: Mac;
  /** The server itself, or the router before it. */
  readonly next: Address;
  /** Undefined: ARP or neighbour discovery has to find it. */
  readonly nextMac: Mac | undefined;
  /** An address of this host for which the server needs no gateway, where there is one. */
  readonly source: Address;
  /** Addresses of this host, by `addressId`. */
  readonly own: ReadonlySet<string>;
  /** Networks of the interface. */
  readonly networks: Surroundings['addresses'];
}

/** `failed`: a client's packets would not arrive either. `not-made`: nothing can be learned from here. */
export type HopOrObstacle = { readonly kind: 'hop'; readonly hop: Hop } | { readonly kind: 'failed' | 'not-made'; readonly text: string };

/**
 * A VIP of a director has a mask of its own; of its other addresses the one in the next hop's network is asked from. A server that is in this
 * network itself can answer a link-local address, too.
 */
function sourceOn({ addresses, route }: Surroundings, ifindex: number, next: Address, vips: readonly Address[]): Address | undefined {
  const usable = addresses.filter(
    (one) => one.ifindex === ifindex && one.address.family === next.family && !vips.some((vip) => sameAddress(vip, one.address)),
  );
  const beyond = usable.filter(({ address }) => !isLinkLocal(address));
  const wide = beyond.filter(({ address, prefixLength }) => prefixLength < hostLength(address));
  const found = wide.find((one) => contains(one, next)) ?? wide[0] ?? beyond[0] ?? (route?.gateway === undefined ? usable[0] : undefined);
  return found?.address;
}

/** `vips`: addresses that the server may have as well, and so cannot answer. */
export function hopTo(server: Address, vips: readonly Address[], around: Surroundings): HopOrObstacle {
  const { route, device, addresses, neighbour } = around;
  if (route?.isLocal === true) return { kind: 'not-made', text: 'the real server is this host itself' };
  if (route?.ifindex === undefined || device === undefined) return { kind: 'failed', text: 'no route to the real server' };
  if (device.mac === undefined) return { kind: 'not-made', text: `${device.name} carries no Ethernet frames` };
  const next = route.gateway ?? server;
  const source = sourceOn(around, route.ifindex, next, vips);
  if (source === undefined) return { kind: 'not-made', text: `${device.name} has no address but VIPs that a server could answer` };
  const hop = {
    ifindex: route.ifindex,
    device: device.name,
    mac: device.mac,
    next,
    nextMac: neighbour,
    source,
    own: new Set(addresses.map(({ address }) => addressId(address))),
    networks: addresses.filter(({ ifindex }) => ifindex === route.ifindex),
  };
  return { kind: 'hop', hop };
}
