// The addresses that VRRP on this host manages: only the master has them, so no other command may add them.
import type { Address } from '../model/address.js';
import { sameAddress } from '../model/identity.js';
import { keepalivedConfiguration } from './keepalived-configuration.js';
import { keepalivedDaemons, keepalivedFiles } from './keepalived-daemons.js';

export interface VrrpVip {
  readonly address: Address;
  readonly instance: string;
  /** The keepalived.conf that has it. */
  readonly file: string;
  /** Whether a keepalived with this file runs in this network namespace. */
  readonly running: boolean;
}

/** The instance of VRRP that manages this address; undefined: none does. @throws SystemError */
export function vrrpVip(wanted: Address): VrrpVip | undefined {
  const daemons = keepalivedDaemons();
  for (const file of keepalivedFiles(daemons)) {
    const owner = keepalivedConfiguration(file)?.instances.find(({ addresses, excludedAddresses }) =>
      [...addresses, ...excludedAddresses].some(({ address }) => sameAddress(address, wanted)),
    );
    if (owner !== undefined) return { address: wanted, instance: owner.name, file, running: daemons.some((one) => one.file === file) };
  }
  return undefined;
}
