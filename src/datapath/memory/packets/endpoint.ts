// An address and a port: where a packet comes from, where it goes to, or what becomes of either.
import type { Ip } from './ip.js';

/** The port in host order. */
export interface Endpoint {
  readonly address: Ip;
  readonly port: number;
}

export const isSame = (one: Endpoint, other: Endpoint): boolean => one.address === other.address && one.port === other.port;

export const keyOfEndpoint = ({ address, port }: Endpoint): string => `${address} ${port}`;
