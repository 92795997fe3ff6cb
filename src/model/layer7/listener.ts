// Where layer 7 accepts connections.
import type { Address } from '../address.js';
import type { Subnet } from '../subnet.js';

export interface Listener {
  readonly name: string;
  readonly address: Address;
  readonly port: number;
  /**
   * Each connection from these networks begins with a header of the PROXY protocol (1 or 2), which states the client; connections from elsewhere are
   * closed. Empty: no connection has one.
   */
  readonly proxyFrom: readonly Subnet[];
}
