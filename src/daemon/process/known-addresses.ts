// Which addresses this host has, by what the kernel reports: marks of servers on the director follow them.
import { addressId } from '../../model/identity.js';
import type { NetlinkMessage } from '../../wire/netlink.js';
import { RouteMessage } from '../../wire/rtnetlink.js';
import { decodeInterfaceAddress, type InterfaceAddress } from '../../wire/rtnetlink-address.js';

const placeOf = ({ ifindex, address }: InterfaceAddress): string => `${ifindex} ${addressId(address)}`;

/** The kernel reports an address again where a router advertisement prolongs it: that is no change. */
export class KnownAddresses {
  readonly #known: Set<string>;

  /** `addresses`: those that are there already. */
  constructor(addresses: readonly InterfaceAddress[]) {
    this.#known = new Set(addresses.map(placeOf));
  }

  /** Does the message report one that came or went? */
  isChangedBy({ type, payload }: NetlinkMessage): boolean {
    if (type !== RouteMessage.newAddress && type !== RouteMessage.deleteAddress) return false;
    const address = decodeInterfaceAddress(payload);
    if (address === undefined) return false;
    const place = placeOf(address);
    const wasKnown = this.#known.has(place);
    if (type === RouteMessage.deleteAddress) this.#known.delete(place);
    else this.#known.add(place);
    return type === RouteMessage.deleteAddress || !wasKnown;
  }

  /** Reports were lost: each address that is reported next counts as one that came. */
  forget(): void {
    this.#known.clear();
  }
}
