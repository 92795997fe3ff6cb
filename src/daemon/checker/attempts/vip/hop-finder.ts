// Finds how VIP_CHECK sends to a real server: what this host knows of routes, neighbours, interfaces and addresses, asked for again after a
// second, as the datapath asks for its next hops.
import { type HopOrObstacle, hopTo } from '../../../../control/check/vip/hop.js';
import type { Address } from '../../../../model/address.js';
import { addressId } from '../../../../model/identity.js';
import { monotonicUs } from '../../../../sys/clock.js';
import { hasCode } from '../../../../sys/errno.js';
import { Netlink } from '../../../../sys/netlink/netlink.js';
import type { Mac } from '../../../../wire/ethernet.js';
import { AddressFlag, decodeInterfaceAddress, dumpAddresses, type InterfaceAddress } from '../../../../wire/rtnetlink-address.js';
import { decodeLink, dumpLinks, LinkHardware } from '../../../../wire/rtnetlink-link.js';
import { decodeNeighbour, lookUpNeighbour, NeighbourState } from '../../../../wire/rtnetlink-neighbour.js';
import { decodeRoute, lookUpRoute, type Route, RouteType } from '../../../../wire/rtnetlink-route.js';

const REMEMBERED_US = 1_000_000;
/** The kernel uses no address of which it does not know yet whether another host has it, nor one that another host has. */
const UNUSED = AddressFlag.tentative | AddressFlag.dadFailed;
const VALID = NeighbourState.reachable | NeighbourState.stale | NeighbourState.delay | NeighbourState.probe | NeighbourState.permanent;

interface Device {
  readonly name: string;
  readonly mac?: Mac;
}

interface Snapshot {
  readonly atUs: number;
  readonly devices: ReadonlyMap<number, Device>;
  readonly addresses: readonly InterfaceAddress[];
  /** Of servers that were asked for, by their address and the VIPs. */
  readonly found: Map<string, HopOrObstacle>;
}

/** Undefined: none, or one that refuses. */
function routeTo(netlink: Netlink, address: Address): Route | undefined {
  try {
    return decodeRoute(netlink.get(lookUpRoute(address), 'look up a route'));
  } catch (error) {
    if (!hasCode(error, 'ENETUNREACH', 'EHOSTUNREACH', 'EINVAL', 'EACCES')) throw error;
    return undefined;
  }
}

/** The MAC of a neighbour, if its entry is in a state that the datapath uses. */
function neighbourOn(netlink: Netlink, ifindex: number, address: Address): Mac | undefined {
  try {
    const entry = decodeNeighbour(netlink.get(lookUpNeighbour(ifindex, address), 'look up a neighbour'));
    return entry === undefined || (entry.state & VALID) === 0 ? undefined : entry.mac;
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error;
    return undefined;
  }
}

function takeSnapshot(netlink: Netlink): Snapshot {
  const atUs = monotonicUs();
  const links = netlink.dump(dumpLinks(), decodeLink, 'list interfaces');
  const devices = links.map(({ ifindex, name, hardware, mac }): readonly [number, Device] => {
    return [ifindex, hardware === LinkHardware.ethernet && mac !== undefined ? { name, mac } : { name }];
  });
  const addresses = netlink.dump(dumpAddresses(), decodeInterfaceAddress, 'list addresses').filter(({ flags }) => (flags & UNUSED) === 0);
  return { atUs, devices: new Map(devices), addresses, found: new Map() };
}

function look(netlink: Netlink, server: Address, vips: readonly Address[], { devices, addresses }: Snapshot): HopOrObstacle {
  const route = routeTo(netlink, server);
  const { ifindex, gateway } = route ?? {};
  return hopTo(server, vips, {
    route: route && {
      isLocal: route.type === RouteType.local,
      ...(ifindex === undefined ? {} : { ifindex }),
      ...(gateway === undefined ? {} : { gateway }),
    },
    device: ifindex === undefined ? undefined : devices.get(ifindex),
    addresses,
    neighbour: ifindex === undefined ? undefined : neighbourOn(netlink, ifindex, gateway ?? server),
  });
}

export class HopFinder {
  #snapshot: Snapshot | undefined;
  /** One for all questions: opening it costs more than they do. */
  #netlink: Netlink | undefined;

  /** @throws SystemError */
  find(server: Address, vips: readonly Address[]): HopOrObstacle {
    const nowUs = monotonicUs();
    if (this.#snapshot === undefined || nowUs - this.#snapshot.atUs >= REMEMBERED_US) this.#snapshot = this.#ask(takeSnapshot);
    const snapshot = this.#snapshot;
    const id = [server, ...vips].map(addressId).join(' ');
    const known = snapshot.found.get(id);
    if (known !== undefined) return known;
    const hop = this.#ask((netlink) => look(netlink, server, vips, snapshot));
    snapshot.found.set(id, hop);
    return hop;
  }

  /** After an error answers may still come: the next question has a socket of its own. */
  #ask<T>(question: (netlink: Netlink) => T): T {
    this.#netlink ??= new Netlink();
    try {
      return question(this.#netlink);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Nothing stays open; the next question opens what it needs. Closing twice does nothing. */
  close(): void {
    this.#netlink?.close();
    this.#netlink = undefined;
  }
}
