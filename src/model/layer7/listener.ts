// Where layer 7 accepts connections.
import type { Address } from '../address.js';
import type { Subnet } from '../subnet.js';

/** Files in PEM. Chain: the certificate itself first. */
export interface CertificateFiles {
  readonly chain: string;
  readonly key: string;
}

export interface ListenerTls {
  /** One at least. The name that a client asks for chooses by the names in the certificates; the first one is for all else. */
  readonly certificates: readonly CertificateFiles[];
  readonly minVersion: TlsVersion;
  /** HTTP/2 is offered by an engine; the proxy itself has HTTP/1.1 alone. */
  readonly http2: boolean;
}

export const TLS_VERSIONS = ['TLSv1.2', 'TLSv1.3'] as const;
export type TlsVersion = (typeof TLS_VERSIONS)[number];

export interface Listener {
  readonly name: string;
  readonly address: Address;
  readonly port: number;
  /**
   * Each connection from these networks begins with a header of the PROXY protocol (1 or 2), which states the client; connections from elsewhere are
   * closed. Empty: no connection has one.
   */
  readonly proxyFrom: readonly Subnet[];
  /** Absent: connections are not encrypted. Of a connection with a PROXY header, that comes first. */
  readonly tls?: ListenerTls;
}
