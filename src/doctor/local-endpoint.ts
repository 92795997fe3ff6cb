// Where the process of a real server on the director itself gets its clients' packets.

import type { Address } from '../model/address.js';
import { masquerades } from '../model/masquerades.js';
import type { DestinationSpec, Protocol } from '../model/service.js';
import type { ServiceFact } from './facts.js';

export interface LocalEndpoint {
  readonly address: Address;
  readonly port: number;
  readonly protocol: Protocol;
}

/** Undefined: any port (a service of port 0), or a firewall mark has no address. */
export function localEndpoint({ spec: { key } }: ServiceFact, destination: DestinationSpec): LocalEndpoint | undefined {
  const protocol = key.kind === 'address' ? key.protocol : 'tcp';
  const own = { address: destination.address, port: destination.port, protocol };
  const there = masquerades(destination) ? own : key.kind === 'address' ? { address: key.address, port: key.port, protocol } : undefined;
  return there === undefined || there.port === 0 ? undefined : there;
}
