// When two addresses, services or destinations are the same, and the text by which a Map finds them.
import type { Address } from './address.js';
import type { DestinationKey, ServiceKey } from './service.js';

export function sameAddress(a: Address, b: Address): boolean {
  return a.family === b.family && a.words.every((word, index) => word === b.words[index]);
}

/** One string per address: equal exactly for the same addresses. Not for people. */
export function addressId(address: Address): string {
  return `${address.family}/${address.words.join('.')}`;
}

/** One string per destination of a service. Not for people. */
export function destinationId(key: DestinationKey): string {
  return `${addressId(key.address)}:${key.port}`;
}

/** One string per virtual service: {protocol, address, port} or {family, mark}. Not for people. */
export function serviceId(key: ServiceKey): string {
  return key.kind === 'fwmark' ? `mark/${key.family}/${key.mark}` : `${key.protocol}/${addressId(key.address)}:${key.port}`;
}

export function sameService(a: ServiceKey, b: ServiceKey): boolean {
  if (a.kind === 'fwmark') return b.kind === 'fwmark' && a.family === b.family && a.mark === b.mark;
  return b.kind === 'address' && a.protocol === b.protocol && a.port === b.port && sameAddress(a.address, b.address);
}

export function sameDestination(a: DestinationKey, b: DestinationKey): boolean {
  return a.port === b.port && sameAddress(a.address, b.address);
}

export function serviceFamily(key: ServiceKey): Address['family'] {
  return key.kind === 'fwmark' ? key.family : key.address.family;
}

/** The mask that keeps single clients apart: persistence without -M. */
export function widestNetmask(family: Address['family']): number {
  return family === 'inet' ? 0xffffffff : 128;
}
