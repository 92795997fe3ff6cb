// Where the API answers, and who may use it from other hosts: the section `api` of a weir.yaml.
import type { DestinationKey } from './service.js';
import type { Subnet } from './subnet.js';

/** What a caller may do; each includes those before it. */
export const API_SCOPES = ['read', 'drain', 'write'] as const;
export type ApiScope = (typeof API_SCOPES)[number];

/** Over TCP, always with TLS. */
export interface ApiTcp {
  readonly listen: readonly DestinationKey[];
  /** Paths of files in PEM: the certificate with its chain, and its key. */
  readonly certificate: string;
  readonly key: string;
  /** Path of the authorities that sign certificates of clients; absent: a client has a token. */
  readonly clientAuthorities?: string;
  /** Common names of such certificates, with what they may do; others may do nothing. */
  readonly clients: readonly { readonly name: string; readonly scope: ApiScope }[];
  /** Path of the file of tokens. */
  readonly tokens: string;
  /** Names by which clients call this host, besides the address that they connect to. */
  readonly names: readonly string[];
  /** Clients that may read /metrics, /livez and /readyz with neither token nor certificate. */
  readonly openTo: readonly Subnet[];
}

export interface ApiSettings {
  /** Paths of its two Unix sockets. */
  readonly write: string;
  readonly read: string;
  /** Its members may write; root may in any case. */
  readonly group: string;
  /** Absent: no port of TCP. */
  readonly tcp?: ApiTcp;
}

/** Where the API does not answer though it is configured to, and why. */
export interface ApiSilence {
  readonly places: readonly string[];
  readonly why: string;
}

/** As the file has it: what is absent is the host's default. */
export type ConfiguredApi = Partial<ApiSettings> & { readonly enabled: boolean };

export const API_GROUP = 'weir';
export const API_TOKENS = '/etc/weir/api-tokens';
