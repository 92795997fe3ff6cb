// The addresses that VRRP on this host manages: only the master has them, so no other command may add them.
import type { Address } from '../model/address.js';
import { sameAddress } from '../model/identity.js';
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

/** The instance of VRRP that manages this address; undefined: none does. @throws SystemError */
export function vrrpVip(wanted: Address): VrrpVip | undefined {
  const daemons = keepalivedDaemons();
  let unknown: VrrpVip | undefined;
  for (const file of keepalivedFiles(daemons)) {
    const { configuration, faults, ofDaemon } = keepalivedConfiguration(file);
    const owner = configuration?.instances.find(({ addresses, excludedAddresses }) =>
      [...addresses, ...excludedAddresses].some(({ address }) => sameAddress(address, wanted)),
    );
    const running = daemons.some((one) => one.file === file);
    if (owner !== undefined) return { kind: 'managed', instance: owner.name, file, running };
    const [fault] = faults;
    if (running && !ofDaemon && fault !== undefined) unknown ??= { kind: 'unknown', file, fault };
  }
  return unknown;
}
