// The addresses that VRRP on this host manages: only the master has them, so no other command may add them.
import type { Address } from '../model/address.js';
import { addressId } from '../model/identity.js';
import { keepalivedConfiguration } from './keepalived-configuration.js';
import { keepalivedDaemons, keepalivedFiles } from './keepalived-daemons.js';

export type VrrpVip =
  | {
      readonly kind: 'managed';
      readonly instance: string;
      /** The keepalived.conf that has it. */
      readonly file: string;
      /** Whether a keepalived with this file runs in this network namespace. */
      readonly running: boolean;
    }
  /** A keepalived runs that does not publish what it has, and its file is broken now. */
  | { readonly kind: 'unknown'; readonly file: string; readonly fault: string };

/** By `addressId`: the instances of VRRP that manage these addresses; those of none are not in it. @throws SystemError */
export function vrrpVips(wanted: readonly Address[]): ReadonlyMap<string, VrrpVip> {
  const found = new Map<string, VrrpVip>();
  const daemons = keepalivedDaemons();
  for (const file of keepalivedFiles(daemons)) {
    const { configuration, faults, ofDaemon } = keepalivedConfiguration(file);
    const running = daemons.some((one) => one.file === file);
    const owners = new Map(
      (configuration?.instances ?? []).flatMap(({ name, addresses, excludedAddresses }) =>
        [...addresses, ...excludedAddresses].map(({ address }) => [addressId(address), name] as const),
      ),
    );
    const [fault] = faults;
    const unknown = running && !ofDaemon && fault !== undefined ? ({ kind: 'unknown', file, fault } as const) : undefined;
    for (const id of wanted.map(addressId)) {
      const instance = owners.get(id);
      if (found.get(id)?.kind === 'managed') continue;
      if (instance !== undefined) found.set(id, { kind: 'managed', instance, file, running });
      else if (unknown !== undefined && !found.has(id)) found.set(id, unknown);
    }
  }
  return found;
}
