// Watches for other hosts that answer for an address that we hold: ARP for IPv4, neighbour advertisements for IPv6.
import type { Address } from '../../../model/address.js';
import { addressId } from '../../../model/identity.js';
import { IpProtocol } from '../../../model/ip-protocol.js';
import type { KeepalivedConfiguration } from '../../../model/keepalived/configuration.js';
import type { Log } from '../../../model/log-level.js';
import { monotonicUs } from '../../../sys/clock.js';
import { isSystemError } from '../../../sys/errno.js';
import { type Watch, whenReadable } from '../../../sys/readable.js';
import { PacketSocket } from '../../../sys/sockets/packet-socket.js';
import { RawReceiver } from '../../../sys/sockets/raw-socket.js';
import { decodeAddress } from '../../../wire/address-bytes.js';
import { decodeArp } from '../../../wire/arp.js';
import { decodeEthernet, EtherType, macText } from '../../../wire/ethernet.js';
import type { Link } from '../../../wire/rtnetlink-link.js';
import { type FilterCounts, type FilterReason, ofInstances } from '../../filter/filter-account.js';
import { FilterKeeper } from '../../filter/filter-keeper.js';
import type { Filterable } from '../../filter/socket-filter.js';
import { ClaimFilter, type ClaimWanted } from '../filters/claim-filter.js';
import type { HeldOn } from '../host/held-addresses.js';

const NEIGHBOUR_ADVERTISEMENT = 136;
/** Where the target stands, and the option with the sender's link address, in a neighbour advertisement. */
const NA = { target: 8, option: 24, mac: 26, length: 32, targetLinkAddress: 2 } as const;
const READ_MAX = 16;
/** How long a conflict is not reported again. */
const REPEAT_US = 1_000_000;
/** What a peer sent before it received our adverts is no conflict. */
const GRACE_US = 1_000_000;
const ROOM_MIN = 64;
const FAMILIES = ['inet', 'inet6'] as const;

export interface AddressConflictOptions {
  /** Adverts first: after them we may hold the address no more. */
  readonly drain: () => void;
  readonly conflict: (address: Address, mac: string, interfaceName: string) => void;
  readonly linkOf: (ifindex: number) => Link | undefined;
  /** This host's. */
  readonly ownMacs: () => readonly string[];
  /** What the kernel dropped. */
  readonly filtered: (instance: string, counts: FilterCounts['counts']) => void;
  readonly log: Log;
}

interface Listener {
  readonly socket: Filterable;
  readonly watch: Watch;
  readonly close: () => void;
}

const keyOf = (ifindex: number, address: Address): string => `${ifindex} ${addressId(address)}`;

/** The address that a neighbour advertisement claims, and the sender's MAC. */
export function claimOf(bytes: Uint8Array): { readonly address: Address; readonly mac: string } | undefined {
  const address = bytes[0] === NEIGHBOUR_ADVERTISEMENT ? decodeAddress(bytes.slice(NA.target, NA.option)) : undefined;
  if (address === undefined || bytes.length < NA.length || bytes[NA.option] !== NA.targetLinkAddress) return undefined;
  return { address, mac: macText(bytes.slice(NA.mac, NA.length)) };
}

export class AddressConflicts {
  readonly #since = new Map<string, number>();
  readonly #reportedAt = new Map<string, number>();
  readonly #listeners = new Map<string, Listener>();
  #refused = false;
  #held: readonly HeldOn[] = [];
  #ownMacs = '';
  /** How many addresses may come to be held. */
  readonly #possible = { inet: 0, inet6: 0 };
  readonly #filters: Readonly<Record<Address['family'], FilterKeeper<ClaimWanted, FilterReason>>>;

  constructor(readonly events: AddressConflictOptions) {
    this.#filters = { inet: this.#keeper('inet', 'arp'), inet6: this.#keeper('inet6', 'neighbour') };
  }

  #keeper(family: Address['family'], kind: 'arp' | 'neighbour'): FilterKeeper<ClaimWanted, FilterReason> {
    const { filtered, log } = this.events;
    return new FilterKeeper({
      make: ({ held }) => new ClaimFilter(kind, Math.max(ROOM_MIN, 2 * Math.max(held.length, this.#possible[family]))),
      sockets: () => [...this.#listeners].flatMap(([key, { socket }]) => (key.startsWith(`${family} `) ? [socket] : [])),
      report: ofInstances(filtered),
      refused: (why) => log('warning', `VRRP: no filter in the kernel, floods of ${kind} will cost time: ${why}`),
    });
  }

  /** Makes the filters for what may come to be held: a master that has just taken over has no time for that. */
  configure({ instances }: KeepalivedConfiguration): void {
    const all = instances.flatMap(({ addresses, excludedAddresses }) => [...addresses, ...excludedAddresses]);
    for (const family of FAMILIES) this.#possible[family] = all.filter(({ address }) => address.family === family).length;
    this.#configureFilters();
  }

  /** The filters must know each interface's MAC. */
  refresh(): void {
    if (this.#ownMacs !== this.events.ownMacs().join()) this.#configureFilters();
  }

  #configureFilters(): void {
    const ownMacs = this.events.ownMacs();
    this.#ownMacs = ownMacs.join();
    for (const family of FAMILIES) {
      const held = this.#held.filter(({ address }) => address.family === family);
      if (held.length + this.#possible[family] > 0) this.#filters[family].configure({ held, ownMacs });
    }
  }

  /** What is held now: listens on the interfaces of these and on no others. */
  watch(held: readonly HeldOn[]): void {
    const now = monotonicUs();
    const keys = new Set(held.map(({ ifindex, address }) => keyOf(ifindex, address)));
    for (const key of [...this.#since.keys()].filter((one) => !keys.has(one))) this.#since.delete(key);
    keys.forEach((key) => this.#since.set(key, this.#since.get(key) ?? now));
    this.#held = held;
    this.#configureFilters();
    const wanted = new Map(held.map(({ ifindex, address }) => [`${address.family} ${ifindex}`, { ifindex, family: address.family }]));
    for (const [key, listener] of this.#listeners) {
      if (!wanted.has(key)) {
        this.#listeners.delete(key);
        listener.watch.stop();
        listener.close();
      }
    }
    for (const [key, { ifindex, family }] of wanted) {
      const link = this.events.linkOf(ifindex);
      if (!this.#listeners.has(key) && link !== undefined) {
        this.#attempt(() => this.#listeners.set(key, family === 'inet' ? this.#listenArp(link) : this.#listenNeighbours(link)));
      }
    }
  }

  #attempt(work: () => void): void {
    try {
      work();
    } catch (error) {
      if (!isSystemError(error)) throw error;
      if (!this.#refused) {
        this.#refused = true;
        this.events.log('warning', `VRRP: cannot watch for address conflicts: ${error.message}`);
      }
    }
  }

  #listenArp(link: Link): Listener {
    const socket = new PacketSocket(link.ifindex, EtherType.arp);
    this.#filters.inet.attach(socket);
    const watch = whenReadable(socket.fd, () => {
      this.events.drain();
      for (let count = 0; count < READ_MAX; count++) {
        const frame = this.#receive(() => socket.receiveNow());
        if (frame === undefined) return;
        const message = decodeArp(decodeEthernet(frame)?.payload ?? frame);
        if (message !== undefined) this.#onClaim(link, message.senderAddress, message.senderMac);
      }
    });
    return { socket, watch, close: () => socket.close() };
  }

  #listenNeighbours(link: Link): Listener {
    const socket = new RawReceiver('inet6', IpProtocol.icmpv6, link.name);
    socket.onlyIcmpv6(NEIGHBOUR_ADVERTISEMENT);
    this.#filters.inet6.attach(socket);
    const watch = whenReadable(socket.fd, () => {
      this.events.drain();
      for (let count = 0; count < READ_MAX; count++) {
        const received = this.#receive(() => socket.receive());
        if (received === undefined) return;
        const claim = received.ttl === 255 ? claimOf(received.bytes) : undefined;
        if (claim !== undefined) this.#onClaim(link, claim.address, claim.mac);
      }
    });
    return { socket, watch, close: () => socket.close() };
  }

  /** An interface that went down gives an error, once. */
  #receive<T>(read: () => T | undefined): T | undefined {
    try {
      return read();
    } catch (error) {
      if (isSystemError(error)) return undefined;
      throw error;
    }
  }

  #onClaim(link: Link, address: Address, mac: string): void {
    const key = keyOf(link.ifindex, address);
    const since = this.#since.get(key);
    const now = monotonicUs();
    if (since === undefined || now - since < GRACE_US || this.events.ownMacs().includes(mac)) return;
    const claim = `${key} ${mac}`;
    if (now - (this.#reportedAt.get(claim) ?? Number.NEGATIVE_INFINITY) < REPEAT_US) return;
    if (this.#reportedAt.size >= 1024) this.#reportedAt.clear();
    this.#reportedAt.set(claim, now);
    this.events.conflict(address, mac, link.name);
  }

  close(): void {
    this.watch([]);
    this.#filters.inet.close();
    this.#filters.inet6.close();
  }
}
