// A template of a persistent service that another director has: where the new connections of a client network go.
import type { Address } from './address.js';
import type { DestinationKey, ForwardingMethod } from './service.js';

export interface ForeignTemplate {
  /** Of IP; 0: of a service of a mark. */
  readonly protocol: number;
  /** The network's address. */
  readonly client: Address;
  /** The virtual endpoint, as the kernel's template has it: of a service of all ports or of FTP without a port. Of a mark nothing counts. */
  readonly virtual: DestinationKey;
  readonly server: DestinationKey;
  /** 0: the service is not one of a mark. */
  readonly mark: number;
  /** Of the other director's destination. */
  readonly method: ForwardingMethod;
  /** A connection of it was established. */
  readonly assured: boolean;
  /** Seconds until it expires; 0: as the service has it. */
  readonly seconds: number;
  readonly timeout: number;
  /** It is of one call of SIP: its Call-ID, 1 to 255 letters of one byte each. */
  readonly call?: string;
  /** It has ended. */
  readonly ended?: true;
  /** Seconds since its last use, as of a connection. */
  readonly idle?: number;
}
