// What FULLNAT asks of a destination: local addresses of its service's family.
import { WeirError } from './errors/weir-error.js';
import { serviceFamily } from './identity.js';
import type { DestinationSpec, ServiceKey } from './service.js';
import { isUnicast } from './unicast-address.js';

/** How many local addresses a destination may have. */
const LOCAL_ADDRESSES_MAX = 8;

/** Are clients reported to servers of such a service? */
const isReported = (service: ServiceKey): boolean =>
  service.kind === 'address' && service.port !== 0 && service.protocol === 'tcp' && serviceFamily(service) === 'inet';

/** @throws WeirError fullnat-locals, client-address-refused */
export function checkFullnat(service: ServiceKey, { method, localAddresses = [], clientAddress }: DestinationSpec): void {
  if (method !== 'fullnat') {
    if (localAddresses.length > 0) throw new WeirError('fullnat-locals', { max: LOCAL_ADDRESSES_MAX });
    if (clientAddress !== undefined) throw new WeirError('client-address-refused');
    return;
  }
  const different = new Set(localAddresses.map(({ words }) => words.join('.'))).size === localAddresses.length;
  const fit = localAddresses.every((address) => address.family === serviceFamily(service) && isUnicast(address));
  if (localAddresses.length === 0 || localAddresses.length > LOCAL_ADDRESSES_MAX || !different || !fit)
    throw new WeirError('fullnat-locals', { max: LOCAL_ADDRESSES_MAX });
  if (clientAddress !== undefined && !isReported(service)) throw new WeirError('client-address-refused');
}
