// The host's interfaces as the machine wants to know them, kept true by the kernel's messages.
import type { InterfaceFacts } from '../../../control/vrrp/messages.js';
import type { Address } from '../../../model/address.js';
import { addressId } from '../../../model/identity.js';
import type { Netlink } from '../../../sys/netlink/netlink.js';
import type { NetlinkMessage } from '../../../wire/netlink.js';
import { RouteMessage } from '../../../wire/rtnetlink.js';
import { AddressFlag, decodeInterfaceAddress, dumpAddresses, type InterfaceAddress } from '../../../wire/rtnetlink-address.js';
import { decodeLink, dumpLinks, type Link, LinkFlag, LinkHardware } from '../../../wire/rtnetlink-link.js';

export const addressKey = (ifindex: number, address: Address, prefixLength: number): string =>
  `${ifindex} ${addressId(address)}/${prefixLength}`;

export interface InterfaceEvents {
  readonly changed: (facts: InterfaceFacts) => void;
  readonly gone: (name: string, ifindex: number) => void;
  /** An address came or went (`-a` logs them; held ones may be lost). */
  readonly address: (action: 'added' | 'removed', name: string, address: InterfaceAddress) => void;
}

/** What an interface is without the addresses that are ours only while master. */
function factsOf(link: Link, addresses: readonly Address[]): InterfaceFacts {
  return {
    name: link.name,
    index: link.ifindex,
    up: (link.flags & LinkFlag.up) !== 0 && (link.flags & LinkFlag.running) !== 0,
    mtu: link.mtu,
    ...(link.hardware === LinkHardware.ethernet && link.mac !== undefined ? { mac: link.mac } : {}),
    addresses,
  };
}

export class Interfaces {
  readonly #links = new Map<number, Link>();
  readonly #indexes = new Map<string, number>();
  readonly #addresses = new Map<number, Map<string, InterfaceAddress>>();
  readonly #reported = new Map<number, string>();

  /** `virtual`: whether this address is one that VRRP moves about, which adverts never come from. */
  constructor(
    readonly netlink: Netlink,
    readonly virtual: (ifindex: number, address: Address) => boolean,
    readonly events: InterfaceEvents,
  ) {}

  /** Reads everything; reports what changed since the last time. @throws SystemError */
  read(): void {
    const links = this.netlink.dump(dumpLinks(), decodeLink, 'list the links');
    const addresses = this.netlink.dump(dumpAddresses(), decodeInterfaceAddress, 'list the addresses');
    const there = new Set(links.map(({ ifindex }) => ifindex));
    for (const ifindex of [...this.#links.keys()].filter((index) => !there.has(index))) this.#remove(ifindex);
    for (const link of links) {
      this.#keep(link);
      this.#addresses.set(link.ifindex, new Map());
    }
    for (const address of addresses) {
      this.#addresses.get(address.ifindex)?.set(addressKey(address.ifindex, address.address, address.prefixLength), address);
    }
    for (const link of links) this.#report(link.ifindex);
  }

  all(): readonly InterfaceFacts[] {
    return [...this.#links.values()].map((link) => this.#facts(link));
  }

  byName(name: string): Link | undefined {
    return this.#links.get(this.#indexes.get(name) ?? 0);
  }

  byIndex(ifindex: number): Link | undefined {
    return this.#links.get(ifindex);
  }

  /** What an interface of this name sends from; nothing where there is none. */
  addressesOf(name: string): readonly Address[] {
    const link = this.byName(name);
    return link === undefined ? [] : this.#facts(link).addresses;
  }

  /** Ethernet addresses of this host. */
  macs(): readonly string[] {
    return [...this.#links.values()].flatMap(({ hardware, mac }) => (hardware === LinkHardware.ethernet && mac !== undefined ? [mac] : []));
  }

  /** Whether the interface has this address with this prefix length. */
  has(ifindex: number, address: Address, prefixLength: number): boolean {
    return this.#addresses.get(ifindex)?.has(addressKey(ifindex, address, prefixLength)) ?? false;
  }

  /** One batch of the kernel's messages; reports each interface once. */
  take(messages: readonly NetlinkMessage[]): void {
    const touched = new Set<number>();
    for (const message of messages) {
      if (message.type === RouteMessage.newLink || message.type === RouteMessage.deleteLink) {
        this.#takeLink(message, touched);
      } else if (message.type === RouteMessage.newAddress || message.type === RouteMessage.deleteAddress) {
        this.#takeAddress(message, touched);
      }
    }
    for (const ifindex of touched) this.#report(ifindex);
  }

  #takeLink(message: NetlinkMessage, touched: Set<number>): void {
    const link = decodeLink(message.payload);
    // A bridge reports its ports by the same messages with a family of its own.
    if (link === undefined || message.payload[0] !== 0) return;
    if (message.type === RouteMessage.deleteLink) {
      this.#remove(link.ifindex);
      return;
    }
    const before = this.#links.get(link.ifindex);
    if (before !== undefined && before.name !== link.name) this.#remove(link.ifindex);
    this.#keep(link);
    if (!this.#addresses.has(link.ifindex)) this.#addresses.set(link.ifindex, new Map());
    touched.add(link.ifindex);
  }

  #takeAddress(message: NetlinkMessage, touched: Set<number>): void {
    const address = decodeInterfaceAddress(message.payload);
    const known = address === undefined ? undefined : this.#addresses.get(address.ifindex);
    const name = address === undefined ? undefined : this.#links.get(address.ifindex)?.name;
    if (address === undefined || known === undefined || name === undefined) return;
    const key = addressKey(address.ifindex, address.address, address.prefixLength);
    const had = known.has(key);
    if (message.type === RouteMessage.newAddress) {
      known.set(key, address);
    } else {
      known.delete(key);
    }
    if (had !== (message.type === RouteMessage.newAddress)) this.events.address(had ? 'removed' : 'added', name, address);
    touched.add(address.ifindex);
  }

  #keep(link: Link): void {
    this.#links.set(link.ifindex, link);
    this.#indexes.set(link.name, link.ifindex);
  }

  #remove(ifindex: number): void {
    const link = this.#links.get(ifindex);
    if (link !== undefined && this.#indexes.get(link.name) === ifindex) this.#indexes.delete(link.name);
    this.#links.delete(ifindex);
    this.#addresses.delete(ifindex);
    this.#reported.delete(ifindex);
    if (link !== undefined) this.events.gone(link.name, ifindex);
  }

  #facts(link: Link): InterfaceFacts {
    const usable = [...(this.#addresses.get(link.ifindex)?.values() ?? [])]
      .filter(({ address, flags }) => (flags & AddressFlag.tentative) === 0 && !this.virtual(link.ifindex, address))
      .map(({ address }) => address);
    return factsOf(link, usable);
  }

  #report(ifindex: number): void {
    const link = this.#links.get(ifindex);
    if (link === undefined) return;
    const facts = this.#facts(link);
    const text = JSON.stringify(facts);
    if (this.#reported.get(ifindex) !== text) {
      this.#reported.set(ifindex, text);
      this.events.changed(facts);
    }
  }
}
