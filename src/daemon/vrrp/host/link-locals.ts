// Link-local addresses of IPv6 macvlans: without one no advert of IPv6 can be sent. Each has one of its parent's, deprecated, and has it
// again after it was down, for then the kernel takes it off; when the parent changes its own, so does the macvlan.
import { type Address, isLinkLocal } from '../../../model/address.js';
import { sameAddress } from '../../../model/identity.js';
import type { Log } from '../../../model/log-level.js';
import { hasCode, isSystemError } from '../../../sys/errno.js';
import type { Netlink } from '../../../sys/netlink/netlink.js';
import { AddressFlag, AddressScope, addAddress, deleteAddress, type InterfaceAddress } from '../../../wire/rtnetlink-address.js';
import { type Link, LinkFlag } from '../../../wire/rtnetlink-link.js';
import type { Interfaces } from './interfaces.js';

const LENGTH = 64;

interface Given {
  readonly base: string;
  readonly address?: Address;
}

export class LinkLocals {
  readonly #given = new Map<string, Given>();
  /** The last failure: logged once until it changes. */
  #failure = '';

  constructor(
    readonly netlink: Netlink,
    readonly interfaces: () => Interfaces,
    readonly log: Log,
  ) {}

  /** One that was just made on `base`. */
  watch(made: Link, base: string): void {
    this.#given.set(made.name, { base });
    this.#give(made, base);
  }

  forget(name: string): void {
    this.#given.delete(name);
  }

  /** After addresses or links changed. */
  tend(): void {
    for (const [name, { base }] of this.#given) {
      const made = this.interfaces().byName(name);
      if (made !== undefined && (made.flags & LinkFlag.up) !== 0) this.#give(made, base);
    }
  }

  #give(made: Link, base: string): void {
    const { address: before } = this.#given.get(made.name) ?? {};
    const interfaces = this.interfaces();
    const own = interfaces.addressesOf(base).filter(isLinkLocal);
    const address = own.find((one) => before !== undefined && sameAddress(one, before)) ?? own[0];
    if (address === undefined) return;
    if (before !== undefined && !sameAddress(address, before) && interfaces.has(made.ifindex, before, LENGTH)) {
      this.#change(() => this.netlink.change(deleteAddress(inherited(made, before)), `take the old link-local address from ${made.name}`));
    }
    if (interfaces.has(made.ifindex, address, LENGTH) || this.#change(() => this.#add(made, address))) {
      this.#given.set(made.name, { base, address });
    }
  }

  #add(made: Link, address: Address): void {
    this.netlink.change(addAddress(inherited(made, address)), `give ${made.name} its parent's link-local address`);
  }

  #change(work: () => void): boolean {
    try {
      work();
      return true;
    } catch (error) {
      if (!isSystemError(error)) throw error;
      const fine = hasCode(error, 'EEXIST', 'EADDRNOTAVAIL');
      if (!fine && error.message !== this.#failure) {
        this.#failure = error.message;
        this.log('error', `Netlink: error: ${error.message}`);
      }
      return fine;
    }
  }
}

const inherited = ({ ifindex }: Link, address: Address): InterfaceAddress => ({
  ifindex,
  address,
  prefixLength: LENGTH,
  scope: AddressScope.link,
  flags: AddressFlag.noDad,
  preferredLifetime: 0,
});
