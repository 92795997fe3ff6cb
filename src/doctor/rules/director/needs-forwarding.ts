// Whether the kernel itself must forward on this director: for Masq servers, what the datapath leaves to it; for firewall marks, to weir0.
import type { DirectorFacts } from '../../facts.js';

export const hasMarkServices = ({ services }: DirectorFacts): boolean =>
  services.some(({ spec: { key } }) => key.kind === 'fwmark' && key.family === 'inet');

export function needsForwarding({ services }: DirectorFacts): boolean {
  return services.some(({ destinations }) => destinations.some(({ method, address }) => method === 'masq' && address.family === 'inet'));
}
