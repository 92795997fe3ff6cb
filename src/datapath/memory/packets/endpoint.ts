// An address and a port: where a packet comes from, where it goes to, or what becomes of either; and both ends of a connection.
import type { Ip } from './ip.js';

/** The port in host order. */
export interface Endpoint {
  readonly address: Ip;
  readonly port: number;
}

/** What a packet shows of its connection. `virtual`: the service's endpoint, or one of its ports. */
export interface Tuple {
  readonly client: Endpoint;
  readonly virtual: Endpoint;
  readonly protocol: number;
}

export const isSame = (one: Endpoint, other: Endpoint): boolean => one.address === other.address && one.port === other.port;

export const keyOfEndpoint = ({ address, port }: Endpoint): string => `${address} ${port}`;
