// What a drain empties, as one word: tcp:192.0.2.1:80/192.0.2.10:80, 192.0.2.10, 192.0.2.10:80, tcp:192.0.2.1:80, director.
import type { Address } from '../address.js';
import { formatAddress, parseAddress } from '../address-text.js';
import { endpointText, parseEndpoint } from '../endpoint-text.js';
import { sameAddress, sameDestination, sameService } from '../identity.js';
import type { DestinationKey, ServiceKey } from '../service.js';
import { parseServiceWord, serviceWord } from '../service-word.js';

/** `address`: a server in every service that has it; without `port` at any port. `director`: this host, for its VRRP peers. */
export type DrainTarget =
  | { readonly kind: 'server'; readonly service: ServiceKey; readonly server: DestinationKey }
  | { readonly kind: 'address'; readonly address: Address; readonly port?: number }
  | { readonly kind: 'service'; readonly service: ServiceKey }
  | { readonly kind: 'director' };

export function drainTargetWord(target: DrainTarget): string {
  switch (target.kind) {
    case 'server':
      return `${serviceWord(target.service)}/${endpointText(target.server)}`;
    case 'address':
      return target.port === undefined ? formatAddress(target.address) : endpointText({ address: target.address, port: target.port });
    case 'service':
      return serviceWord(target.service);
    case 'director':
      return 'director';
  }
}

/** Undefined: it is none. */
export function parseDrainTarget(text: string): DrainTarget | undefined {
  if (text === 'director') return { kind: 'director' };
  const [head = '', tail, ...more] = text.split('/');
  const service = parseServiceWord(head);
  if (service !== undefined && more.length === 0) {
    if (tail === undefined) return { kind: 'service', service };
    const server = parseEndpoint(tail);
    return server && { kind: 'server', service, server };
  }
  if (tail !== undefined) return undefined;
  const address = parseAddress(text);
  if (address !== undefined) return { kind: 'address', address };
  const endpoint = parseEndpoint(text);
  return endpoint && { kind: 'address', ...endpoint };
}

/** The word by which a target that was given as this text is known. Of a text that cannot be read, the text. */
export function canonicalTarget(text: string): string {
  const target = parseDrainTarget(text);
  return target === undefined ? text : drainTargetWord(target);
}

/** Whether the drain of this target has this destination. */
export function isTargeted(target: DrainTarget, service: ServiceKey, server: DestinationKey): boolean {
  switch (target.kind) {
    case 'server':
      return sameService(target.service, service) && sameDestination(target.server, server);
    case 'address':
      return sameAddress(target.address, server.address) && (target.port === undefined || target.port === server.port);
    case 'service':
      return sameService(target.service, service);
    case 'director':
      return false;
  }
}
