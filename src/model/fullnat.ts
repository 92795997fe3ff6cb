// What FULLNAT asks of a destination: local addresses, and a kind of service that it is there for.
import { lineIfMissing } from './capabilities.js';
import { WeirError } from './errors/weir-error.js';
import { serviceFamily } from './identity.js';
import type { DestinationSpec, ServiceKey } from './service.js';
import { isUnicast } from './unicast-address.js';

/** How many local addresses a destination may have. */
const LOCAL_ADDRESSES_MAX = 8;

/** Is it there for such a service? */
const isServed = (service: ServiceKey): boolean =>
  service.kind === 'address' && service.port !== 0 && service.protocol !== 'sctp' && serviceFamily(service) === 'inet';

/** @throws WeirError fullnat-locals, not-yet */
export function checkFullnat(service: ServiceKey, { method, localAddresses = [] }: DestinationSpec): void {
  if (method !== 'fullnat') {
    if (localAddresses.length > 0) throw new WeirError('fullnat-locals', { max: LOCAL_ADDRESSES_MAX });
    return;
  }
  const missing = lineIfMissing('fullnat');
  if (missing !== undefined && !isServed(service)) throw new WeirError('not-yet', { missing });
  const different = new Set(localAddresses.map(({ words }) => words.join('.'))).size === localAddresses.length;
  const fit = localAddresses.every((address) => address.family === serviceFamily(service) && isUnicast(address));
  if (localAddresses.length === 0 || localAddresses.length > LOCAL_ADDRESSES_MAX || !different || !fit)
    throw new WeirError('fullnat-locals', { max: LOCAL_ADDRESSES_MAX });
}
