// Whether the kernel itself must forward on this director: for servers whose answers come back to it, what the datapath leaves to it; for firewall
// marks, to weir0.
import type { Family } from '../../../model/address.js';
import { masquerades } from '../../../model/masquerades.js';
import type { DirectorFacts } from '../../facts.js';

/** `family` absent: of any. */
export const hasMarkServices = ({ services }: DirectorFacts, family?: Family): boolean =>
  services.some(({ spec: { key } }) => key.kind === 'fwmark' && (family === undefined || key.family === family));

export function needsForwarding({ services }: DirectorFacts): boolean {
  return services.some(({ destinations }) => destinations.some((one) => masquerades(one) && one.address.family === 'inet'));
}
