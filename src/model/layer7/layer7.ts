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

export interface Layer7 {
  readonly listeners: readonly Listener[];
  readonly hosts: readonly Host[];
  readonly pools: readonly Pool[];
  readonly limits: ClientLimits;
}
