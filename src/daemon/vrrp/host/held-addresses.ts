// Virtual addresses on this host's interfaces: put on, taken off, and noticed when another program takes one off.

import type { Address } from '../../../model/address.js';
import { formatAddress } from '../../../model/address-text.js';
import { addressId } from '../../../model/identity.js';
import type { HostAddress } from '../../../model/keepalived/network.js';
import type { Log } from '../../../model/log-level.js';
import { hasCode } from '../../../sys/errno.js';
import type { Netlink } from '../../../sys/netlink/netlink.js';
import {
  AddressFlag,
  AddressScope,
  addAddress,
  decodeInterfaceAddress,
  deleteAddress,
  dumpAddresses,
  type InterfaceAddress,
} from '../../../wire/rtnetlink-address.js';
import { addressKey, type Interfaces } from './interfaces.js';
import { promotingSecondaries, shareNetwork } from './secondary-addresses.js';

const FLAG_WORDS = {
  home: AddressFlag.home,
  nodad: 0,
  mngtmpaddr: AddressFlag.manageTemporary,
  noprefixroute: AddressFlag.noPrefixRoute,
  autojoin: AddressFlag.autoJoin,
} as const;
const FOR_EVER = 0xffffffff;
const WHOLE = { inet: 32, inet6: 128 } as const;

interface Held {
  readonly instance: string;
  readonly host: HostAddress;
  readonly value: InterfaceAddress;
  readonly interface: string;
}

/** An address that an instance holds, by the interface it is on. */
export interface HeldOn {
  readonly instance: string;
  readonly ifindex: number;
  readonly address: Address;
}

export interface Lost {
  readonly instance: string;
  /** As keepalived logs it: `IP 10.0.0.1 removed from eth0`. */
  readonly text: string;
  readonly noTrack: boolean;
}

/** The last address of the network that this one is in (`brd +`), or its first (`brd -`). */
function networkEnd(address: Address, length: number, ones: boolean): Address {
  const mask = length === 0 ? 0 : (-1 << (32 - length)) >>> 0;
  const word = address.words[0] ?? 0;
  return { family: 'inet', words: [ones ? (word | ~mask) >>> 0 : (word & mask) >>> 0] };
}

/**
 * What the kernel is asked to put on: as keepalived does, IPv6 without duplicate address detection unless `-nodad` is set, a whole IPv6
 * address deprecated so that nothing chooses it as a source, and of IPv4 no lifetime.
 */
export function kernelAddress(host: HostAddress, ifindex: number): InterfaceAddress {
  const { address, prefixLength } = host;
  const inet6 = address.family === 'inet6';
  const words = host.flags.reduce((flags, word) => flags | FLAG_WORDS[word], 0);
  const quiet = inet6 && !host.flags.includes('nodad') ? AddressFlag.noDad : 0;
  const { peer } = host;
  const length = peer === undefined ? prefixLength : (host.peerLength ?? WHOLE[address.family]);
  const { broadcast, preferredLifetime } = host;
  const preferred = preferredLifetime ?? (length === WHOLE.inet6 ? 0 : undefined);
  return {
    ifindex,
    address,
    prefixLength: length,
    scope: host.scope ?? AddressScope.global,
    flags: words | quiet,
    ...(host.label === undefined || inet6 ? {} : { label: host.label }),
    ...(broadcast === undefined || inet6
      ? {}
      : { broadcast: typeof broadcast === 'string' ? networkEnd(address, prefixLength, broadcast === 'derived') : broadcast }),
    ...(peer === undefined ? {} : { peer }),
    ...(inet6 && preferred !== undefined ? { preferredLifetime: preferred === 'forever' ? FOR_EVER : preferred } : {}),
  };
}

export class HeldAddresses {
  readonly #held = new Map<string, Held>();
  /** What is held, by interface and address, without the prefix length. */
  readonly #present = new Set<string>();

  constructor(
    readonly netlink: Netlink,
    readonly interfaces: () => Interfaces,
    readonly log: Log,
  ) {}

  #hold(held: Held): void {
    const { ifindex, address, prefixLength } = held.value;
    this.#held.set(addressKey(ifindex, address, prefixLength), held);
    this.#present.add(`${ifindex} ${addressId(address)}`);
  }

  #drop(key: string, { value }: Held): void {
    this.#held.delete(key);
    this.#present.delete(`${value.ifindex} ${addressId(value.address)}`);
  }

  #valueOf(host: HostAddress, name: string): InterfaceAddress | undefined {
    const link = this.interfaces().byName(name);
    return link === undefined ? undefined : kernelAddress(host, link.ifindex);
  }

  /** What fails is logged; the others are put on all the same. */
  add(instance: string, hosts: readonly { readonly host: HostAddress; readonly interface: string }[]): void {
    for (const { host, interface: name } of hosts) {
      const value = this.#valueOf(host, name);
      const text = `${formatAddress(host.address)}/${host.prefixLength} dev ${name}`;
      if (value === undefined) {
        this.log('error', `(${instance}) cannot add ${text}: there is no such interface`);
        continue;
      }
      const held = { instance, host, value, interface: name };
      this.#hold(held);
      if (!this.#change(() => this.netlink.change(addAddress(value), `add ${text}`), ['EEXIST'])) {
        this.#drop(addressKey(value.ifindex, value.address, value.prefixLength), held);
      }
    }
  }

  /** Other addresses that are held stay, also as secondaries of one that goes. */
  remove(instance: string, hosts: readonly { readonly host: HostAddress; readonly interface: string }[]): void {
    const going = hosts.flatMap(({ host, interface: name }) => {
      const value = this.#valueOf(host, name);
      if (value === undefined) return []; // gone with its interface
      const key = addressKey(value.ifindex, value.address, value.prefixLength);
      const held = this.#held.get(key);
      if (held !== undefined && held.instance !== instance) return []; // another instance has taken it over
      if (held !== undefined) this.#drop(key, held);
      return [{ value, interface: name, text: `${formatAddress(host.address)}/${host.prefixLength} from ${name}` }];
    });
    for (const name of new Set(going.map((one) => one.interface)))
      this.#removeFrom(
        name,
        going.filter((one) => one.interface === name),
      );
  }

  #removeFrom(name: string, going: readonly { readonly value: InterfaceAddress; readonly text: string }[]): void {
    const staying = [...this.#held.values()].filter(({ value }) => going.some((one) => shareNetwork(value, one.value)));
    const remove = (): void => {
      for (const { value, text } of going) {
        const { label: _label, ...plain } = value;
        this.#change(() => this.netlink.change(deleteAddress(plain), `remove ${text}`), ['EADDRNOTAVAIL', 'ENODEV']);
      }
    };
    if (staying.length === 0) {
      remove();
      return;
    }
    if (promotingSecondaries(name, remove)) return;
    for (const { value, host } of staying)
      this.#change(() => this.netlink.change(addAddress(value), `keep ${formatAddress(host.address)} on ${name}`), ['EEXIST', 'ENODEV']);
  }

  /** Whether it was done, now or before (`fine`); a failure is logged once until it changes. */
  #change(work: () => void, fine: readonly string[]): boolean {
    try {
      work();
      return true;
    } catch (error) {
      if (hasCode(error, ...fine)) return true;
      this.log('error', `Netlink: error: ${(error as Error).message}`);
      return false;
    }
  }

  isHeld(ifindex: number, address: Address): boolean {
    return this.#present.has(`${ifindex} ${addressId(address)}`);
  }

  /** All addresses that instances hold. */
  all(): readonly { readonly instance: string; readonly ifindex: number; readonly interface: string; readonly address: Address }[] {
    return [...this.#held.values()].map(({ instance, value, interface: name }) => ({
      instance,
      ifindex: value.ifindex,
      interface: name,
      address: value.address,
    }));
  }

  /** Whether losing this one is worth a look. */
  suspects(address: InterfaceAddress): boolean {
    return this.#held.has(addressKey(address.ifindex, address.address, address.prefixLength));
  }

  /** The held addresses that the kernel does not list any more; they count as not held from now on. @throws SystemError */
  takeLost(): readonly Lost[] {
    const there = new Set(
      this.netlink
        .dump(dumpAddresses(), decodeInterfaceAddress, 'list the addresses')
        .map(({ ifindex, address, prefixLength }) => addressKey(ifindex, address, prefixLength)),
    );
    const lost: Lost[] = [];
    for (const [key, held] of this.#held) {
      const { instance, host, interface: name } = held;
      if (!there.has(key)) {
        this.#drop(key, held);
        lost.push({ instance, text: `IP ${formatAddress(host.address)} removed from ${name}`, noTrack: host.noTrack });
      }
    }
    return lost;
  }

  /** Instances have other names since a reload, old to new. */
  rename(names: ReadonlyMap<string, string>): void {
    for (const [key, held] of this.#held) this.#held.set(key, { ...held, instance: names.get(held.instance) ?? held.instance });
  }

  /** Forgets the addresses of an interface that is gone. */
  forget(ifindex: number): void {
    for (const [key, held] of this.#held) {
      if (held.value.ifindex === ifindex) this.#drop(key, held);
    }
  }
}
