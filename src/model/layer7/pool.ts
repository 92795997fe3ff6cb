// A pool of servers (nginx's upstream): how one is chosen, and what each of them may take. Times in microseconds.
import type { Address } from '../address.js';
import type { PoolChecks } from './pool-checks.js';
import type { Template } from './template.js';

export interface PoolServer {
  /** As it was written, with its port; consistent hashing depends on it, and logs show it. */
  readonly name: string;
  readonly address: Address;
  readonly port: number;
  /** 1 at least. */
  readonly weight: number;
  /** Chosen only when no server that is none is eligible. Only with round robin and least_conn. */
  readonly backup: boolean;
  /** Taken out by the operator; it keeps its place in hashes. */
  readonly down: boolean;
  /** So many failures within failTimeoutUs make it ineligible for failTimeoutUs; 0: failures do not count. */
  readonly maxFails: number;
  readonly failTimeoutUs: number;
  /** 0: no limit. For each process. */
  readonly maxConns: number;
}

export type Balance =
  | { readonly kind: 'round_robin' | 'least_conn' | 'ip_hash' }
  | { readonly kind: 'hash'; readonly key: Template; readonly consistent: boolean }
  /** KTCPVS's hhttp: the bytes of the key, added up, modulo the number of servers. */
  | { readonly kind: 'sum'; readonly key: Template }
  /** `two`: of two servers, the one with fewer connections. */
  | { readonly kind: 'random'; readonly two: boolean };

/** Comes before the balance: which server had this client before. */
export type Persistence =
  | {
      readonly kind: 'cookie';
      readonly name: string;
      /** Absent: until the browser ends. */
      readonly maxAgeUs?: number;
      readonly domain?: string;
      readonly path: string;
      readonly httpOnly: boolean;
      readonly secure: boolean;
      readonly sameSite?: 'strict' | 'lax' | 'none';
    }
  /** The same value of this field (its name in lower case), the same server, by consistent hashing; without it the balance decides. */
  | { readonly kind: 'field'; readonly name: string };

/** Idle connections to the servers, of each process. */
export interface KeepAlive {
  /** In all; 0: each request has a connection of its own. */
  readonly connections: number;
  /** Requests of one connection. */
  readonly requests: number;
  readonly idleUs: number;
  readonly lifeUs: number;
  /** Whether a connection serves one client or all: `client` shares none between clients. */
  readonly reuse: 'client' | 'pool';
}

export interface Pool {
  readonly name: string;
  readonly servers: readonly PoolServer[];
  readonly balance: Balance;
  readonly persistence?: Persistence;
  readonly keepAlive: KeepAlive;
  /** Absent: only failures of requests, and what layer 4's checks on this host find. */
  readonly checks?: PoolChecks;
  /** A header of the PROXY protocol begins each connection to a server; then none is shared. */
  readonly sendProxy?: 'v1' | 'v2';
}
