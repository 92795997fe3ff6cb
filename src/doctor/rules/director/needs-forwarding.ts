// Whether the kernel itself must forward on this director: for servers whose answers come back to it, what the datapath leaves to it; for firewall
// marks, to weir0.
import type { Family } from '../../../model/address.js';
import type { ForwardingMethod } from '../../../model/service.js';
import type { DirectorFacts } from '../../facts.js';

/** `family` absent: of any. */
export const hasMarkServices = ({ services }: DirectorFacts, family?: Family): boolean =>
  services.some(({ spec: { key } }) => key.kind === 'fwmark' && (family === undefined || key.family === family));

/** VS/NAT and FULLNAT. */
export const answersPassHere = (method: ForwardingMethod): boolean => method === 'masq' || method === 'fullnat';

export function needsForwarding({ services }: DirectorFacts): boolean {
  return services.some(({ destinations }) =>
    destinations.some(({ method, address }) => answersPassHere(method) && address.family === 'inet'),
  );
}
