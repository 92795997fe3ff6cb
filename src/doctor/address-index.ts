// Facts by address, worked out once for each list: a director may have thousands of addresses, services and real servers.
import type { Address } from '../model/address.js';
import { addressId } from '../model/identity.js';
import { madeOnce } from '../model/made-once.js';
import { hostLength } from '../model/subnet.js';
import type { ServiceFact } from './facts.js';

interface Addressed {
  readonly address: Address;
}

/** The members of a list by their addresses; those without one are left out. */
const indexedBy =
  <T>(addressOf: (one: T) => Address | undefined) =>
  (list: readonly T[]): ReadonlyMap<string, readonly T[]> => {
    const index = new Map<string, T[]>();
    for (const one of list) {
      const address = addressOf(one);
      if (address === undefined) continue;
      const id = addressId(address);
      const others = index.get(id);
      if (others === undefined) index.set(id, [one]);
      else others.push(one);
    }
    return index;
  };

const byAddress = madeOnce(indexedBy(({ address }: Addressed) => address));

/** Those of the list with this address, in its order. */
export const withAddress = <T extends Addressed>(list: readonly T[], address: Address): readonly T[] =>
  (byAddress(list).get(addressId(address)) ?? []) as readonly T[];

const byVip = madeOnce(indexedBy(({ spec: { key } }: ServiceFact) => (key.kind === 'address' ? key.address : undefined)));

/** The services with this address, in the table's order. */
export const servicesOf = (services: readonly ServiceFact[], vip: Address): readonly ServiceFact[] =>
  byVip(services).get(addressId(vip)) ?? [];

const shorter = madeOnce((list: readonly (Addressed & { readonly prefixLength: number })[]): readonly unknown[] =>
  list.filter(({ address, prefixLength }) => prefixLength < hostLength(address)),
);

/** Those whose prefix has other addresses, too: all but /32 and /128. */
export const withSubnet = <T extends Addressed & { readonly prefixLength: number }>(list: readonly T[]): readonly T[] =>
  shorter(list) as readonly T[];

const serverIds = madeOnce(
  (services: readonly { readonly destinations: readonly Addressed[] }[]): ReadonlySet<string> =>
    new Set(services.flatMap(({ destinations }) => destinations.map(({ address }) => addressId(address)))),
);

/** The ports of these, each once, in their order. */
export const portsOf: (list: readonly { readonly port: number }[]) => ReadonlySet<number> = madeOnce(
  (list: readonly { readonly port: number }[]) => new Set(list.map(({ port }) => port)),
);

/** Is it the address of a destination? */
export const isDestinationOf = (services: readonly { readonly destinations: readonly Addressed[] }[], address: Address): boolean =>
  serverIds(services).has(addressId(address));
