// How virtual servers and real servers are called in the log and by commands: in keepalived's way, or by the words of weir.yaml.
import { formatAddress } from '../../model/address-text.js';
import { endpointText } from '../../model/endpoint-text.js';
import type { DestinationKey, ServiceKey } from '../../model/service.js';
import { serviceWord } from '../../model/service-word.js';

/** `[10.0.0.2]:tcp:80` */
export function serverName({ address, port }: DestinationKey, protocol: string): string {
  return `[${formatAddress(address)}]:${protocol}:${port}`;
}

/** `[192.0.2.1]:tcp:80`, `FWM 1` */
export const serviceName = (key: ServiceKey): string => (key.kind === 'fwmark' ? `FWM ${key.mark}` : serverName(key, key.protocol));

/** How the lines of a plan call services and servers. */
export interface PlanNames {
  service(key: ServiceKey): string;
  server(key: DestinationKey, service: ServiceKey): string;
}

export const KEEPALIVED_NAMES: PlanNames = {
  service: serviceName,
  server: (key, service) => serverName(key, service.kind === 'address' ? service.protocol : 'tcp'),
};

/** `tcp:192.0.2.1:80`, `10.0.0.2:80` */
export const DOCUMENT_NAMES: PlanNames = { service: serviceWord, server: (key) => endpointText(key) };
