// The whole of layer 7 as an operator states it: what weir.yaml, nginx.conf and KTCPVS's file are read into.
import type { Host } from './host.js';
import type { Listener } from './listener.js';
import type { Pool } from './pool.js';

/** What clients may take, of each process. In bytes and microseconds. */
export interface ClientLimits {
  /** Of a request's line and fields together. */
  readonly headMaxBytes: number;
  readonly fieldsMax: number;
  readonly headTimeoutUs: number;
  readonly bodyTimeoutUs: number;
  readonly sendTimeoutUs: number;
  readonly keepAliveUs: number;
  readonly keepAliveRequests: number;
  readonly connectionsMax: number;
}

export const ENGINE_NAMES = ['nginx', 'haproxy'] as const;

/** Another program serves in place of the proxy. */
export interface Layer7Engine {
  readonly name: (typeof ENGINE_NAMES)[number];
  /** Also where it does not have everything that the file asks for. */
  readonly lossy: boolean;
}

export const ACCESS_LOG_FORMATS = ['combined', 'json'] as const;

/** A line for each request is appended to a file. */
export interface AccessLog {
  readonly path: string;
  /** Engines have `combined` alone. */
  readonly format: (typeof ACCESS_LOG_FORMATS)[number];
}

export interface Layer7 {
  readonly listeners: readonly Listener[];
  readonly hosts: readonly Host[];
  readonly pools: readonly Pool[];
  readonly limits: ClientLimits;
  /** Of the daemon. Absent: weir's own proxy. */
  readonly engine?: Layer7Engine;
  /** Of the daemon. Absent: none. */
  readonly accessLog?: AccessLog;
}
