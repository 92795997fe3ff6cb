// A service as ipvsadm lists it: `TCP 10.0.0.1:80`, `FWM 9`, `FWM 9 IPv6`.
import { endpointText } from './endpoint-text.js';
import type { ServiceKey } from './service.js';

export function listedService(key: ServiceKey): string {
  if (key.kind === 'fwmark') return `FWM ${key.mark}${key.family === 'inet6' ? ' IPv6' : ''}`;
  return `${key.protocol.toUpperCase()} ${endpointText(key)}`;
}
