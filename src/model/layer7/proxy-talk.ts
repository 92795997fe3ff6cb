// What is asked and answered at a proxy's socket. Each is a line of JSON.
import type { ProxyStatus, ServerCounts } from './pool-status.js';

export interface WrittenWeight {
  readonly server: string;
  readonly from: number;
  readonly to: number;
}

export type ProxyQuestion =
  /** Answered once. */
  | { readonly kind: 'status' }
  /** Answered every second while the connection lasts. `reports`: the pools whose servers' answers are read for loads. */
  | { readonly kind: 'watch'; readonly pools: readonly string[]; readonly reports: readonly string[] }
  /** Weights in units of which `scale` are one of the file; each only where the server still has `from`. */
  | { readonly kind: 'write'; readonly pool: string; readonly scale: number; readonly weights: readonly WrittenWeight[] };

/** A server of a pool that is watched, but for those that are `down` in the file. */
export interface WatchedServer extends ServerCounts {
  readonly server: string;
  readonly address: string;
  /** In feedback's units where feedback wrote it, else the file's. */
  readonly weight: number;
  readonly isUp: boolean;
}

export interface WatchedPool {
  readonly pool: string;
  readonly balance: string;
  readonly servers: readonly WatchedServer[];
}

export type ProxyAnswer =
  | { readonly kind: 'status'; readonly status: ProxyStatus }
  | { readonly kind: 'watched'; readonly pools: readonly WatchedPool[] };
