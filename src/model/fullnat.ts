// What FULLNAT asks of a destination: local addresses of its service's family.
import { type Address, isLoopbackAddress } from './address.js';
import { parseAddress } from './address-text.js';
import { WeirError } from './errors/weir-error.js';
import { serviceFamily } from './identity.js';
import type { DestinationSpec, ServiceKey, ServiceSpec } from './service.js';
import { isUnicast } from './unicast-address.js';

/** How many local addresses a destination may have. */
const LOCAL_ADDRESSES_MAX = 8;

const canBeLocal = (address: Address): boolean => isUnicast(address) && !isLoopbackAddress(address);

/** No more than there may be, and each once. */
const areFew = (addresses: readonly Address[]): boolean =>
  addresses.length <= LOCAL_ADDRESSES_MAX && new Set(addresses.map(({ words }) => words.join('.'))).size === addresses.length;

/** undefined: they cannot be local addresses of destinations. */
export function parseLocals(texts: readonly string[]): readonly Address[] | undefined {
  const addresses = texts.flatMap((text) => parseAddress(text) ?? []);
  return addresses.length === texts.length && addresses.every(canBeLocal) && areFew(addresses) ? addresses : undefined;
}

/** Are clients reported to servers of such a service? Of a mark those of TCP are. */
const isReported = (service: ServiceKey): boolean => service.kind === 'fwmark' || service.protocol === 'tcp';

/**
 * Of a service's packets and its destinations: a datagram without a connection would have a local port of its own, and no answer would find its client.
 * @throws WeirError fullnat-one-packet
 */
export function checkOnePacket(
  { onePacket }: Pick<ServiceSpec, 'onePacket'>,
  destinations: Iterable<Pick<DestinationSpec, 'method'>>,
): void {
  if (!onePacket) return;
  for (const { method } of destinations) if (method === 'fullnat') throw new WeirError('fullnat-one-packet');
}

/** @throws WeirError fullnat-locals, client-address-refused */
export function checkFullnat(service: ServiceKey, { method, localAddresses = [], clientAddress }: DestinationSpec): void {
  if (method !== 'fullnat') {
    if (localAddresses.length > 0) throw new WeirError('fullnat-locals', { max: LOCAL_ADDRESSES_MAX });
    if (clientAddress !== undefined) throw new WeirError('client-address-refused');
    return;
  }
  const fit = localAddresses.every((address) => address.family === serviceFamily(service) && canBeLocal(address));
  if (localAddresses.length === 0 || !areFew(localAddresses) || !fit) throw new WeirError('fullnat-locals', { max: LOCAL_ADDRESSES_MAX });
  if (clientAddress !== undefined && !isReported(service)) throw new WeirError('client-address-refused');
}
