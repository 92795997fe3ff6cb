// Whether the kernel itself must forward on this director: for Masq servers, what the datapath leaves to it.
import type { DirectorFacts } from '../../facts.js';

export function needsForwarding({ services }: DirectorFacts): boolean {
  return services.some(({ destinations }) => destinations.some(({ method, address }) => method === 'masq' && address.family === 'inet'));
}
