// The lines of a plan about VIPs: those of VRRP's instances before and after.

import type { Address } from '../../model/address.js';
import { formatAddress } from '../../model/address-text.js';
import { addressId } from '../../model/identity.js';
import type { KeepalivedConfiguration } from '../../model/keepalived/configuration.js';
import type { PresentTable } from '../virtual-server/plan.js';
import { type PlacedAddress, place, placeText } from '../vrrp/resources/placed-address.js';
import { type ConnectionCounts, countThere, cut, kept } from './connection-counts.js';
import { settingDifferences } from './differences.js';
import { type PlannedAddress, type Touched, untouched } from './plan.js';

interface InstanceAddress extends PlacedAddress {
  readonly instance: string;
}

export interface AddressFacts {
  /** Addresses that this host has now, by `addressId`. */
  readonly held: ReadonlySet<string>;
  /** Connections to an address, by `addressId`. */
  readonly connections: ReadonlyMap<string, number>;
}

/** Connections to servers of the table, by the address that clients connect to. */
export function countByAddress(
  { connections, present }: { readonly connections: ConnectionCounts; readonly present: PresentTable },
  addressOf: (service: string) => Address | undefined,
): ReadonlyMap<string, number> {
  const sums = new Map<string, number>();
  for (const service of connections.keys()) {
    const address = addressOf(service);
    if (address === undefined) continue;
    const id = addressId(address);
    sums.set(id, (sums.get(id) ?? 0) + countThere(connections, present, service));
  }
  return sums;
}

const instanceAddresses = (configuration: KeepalivedConfiguration | undefined): readonly InstanceAddress[] =>
  (configuration?.instances ?? []).flatMap((config) =>
    place({ configuration }, config, [...config.addresses, ...config.excludedAddresses]).map((one) => ({ ...one, instance: config.name })),
  );

function line(
  action: PlannedAddress['action'],
  one: InstanceAddress,
  { held, connections }: AddressFacts,
  old?: InstanceAddress,
): PlannedAddress {
  const { host, interface: name, instance } = one;
  const id = addressId(host.address);
  const [count, isHeld] = [connections.get(id) ?? 0, held.has(id)];
  const touched: Touched = !isHeld || action === 'add' ? untouched : action === 'remove' ? cut(count) : kept(count);
  const values = ({ host: { prefixLength: prefix, ...rest }, interface: device, instance: owner }: InstanceAddress): object => ({
    ...rest,
    prefix,
    dev: undefined,
    interface: device,
    instance: owner,
  });
  const differences = old === undefined ? [] : settingDifferences(values(old), values(one));
  const address = `${formatAddress(host.address)}/${host.prefixLength}`;
  return { action, address, interface: name, instance, held: isHeld, differences, connections: touched };
}

/** The order is that of the file; what goes comes first. `no_track` alone changes nothing on the host. */
export function planAddresses(
  running: KeepalivedConfiguration | undefined,
  next: KeepalivedConfiguration,
  facts: AddressFacts,
): readonly PlannedAddress[] {
  const [before, after] = [instanceAddresses(running), instanceAddresses(next)];
  const id = (one: InstanceAddress): string => addressId(one.host.address);
  const stays = new Set(after.map(id));
  const old = new Map(before.map((one) => [id(one), one]));
  return [
    ...before.filter((one) => !stays.has(id(one))).map((one) => line('remove', one, facts)),
    ...after.map((one) => {
      const was = old.get(id(one));
      if (was === undefined) return line('add', one, facts);
      const same = placeText(was) === placeText(one) && was.instance === one.instance;
      return line(same ? 'keep' : 'change', one, facts, was);
    }),
  ];
}
