// How virtual servers and real servers are called in the log and by commands, in keepalived's way.
import { formatAddress } from '../../model/address-text.js';
import type { DestinationKey, ServiceKey } from '../../model/service.js';

/** `[10.0.0.2]:tcp:80` */
export function serverName({ address, port }: DestinationKey, protocol: string): string {
  return `[${formatAddress(address)}]:${protocol}:${port}`;
}

/** `[192.0.2.1]:tcp:80`, `FWM 1` */
export const serviceName = (key: ServiceKey): string => (key.kind === 'fwmark' ? `FWM ${key.mark}` : serverName(key, key.protocol));
