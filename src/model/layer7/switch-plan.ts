// Content switching in the datapath: what of layer 7 is decided by the first bytes of a connection, and what is not, and why.
import type { Address } from '../address.js';

/** `proxy` is the default; `auto`: by the datapath where that can serve it. */
export type Way = 'proxy' | 'switch' | 'auto';

export interface SwitchServer {
  readonly address: Address;
  readonly port: number;
  readonly weight: number;
}

/** The longest path decides. `exact`: nothing may follow it. `pool`: undefined is the proxy. */
export interface SwitchPath {
  readonly path: string;
  readonly exact: boolean;
  readonly pool: string | undefined;
}

export interface SwitchHost {
  /** In lower case; empty: all that no other host has. */
  readonly name: string;
  readonly paths: readonly SwitchPath[];
}

export interface SwitchListener {
  readonly name: string;
  readonly address: Address;
  readonly port: number;
  /** By what its connections are decided: a request, or the name that TLS asks for. Then hosts have one path, which is empty. */
  readonly protocol: 'http' | 'tls';
  readonly hosts: readonly SwitchHost[];
  /** Of all its pools. */
  readonly servers: readonly SwitchServer[];
  /** The file has a listener on all addresses: this is one of them. A service that is there already stays. */
  readonly isOfAll: boolean;
}

export interface SwitchPool {
  readonly name: string;
  readonly servers: readonly SwitchServer[];
}

/** A rule that asks for the datapath, which cannot serve it. `location`: undefined is all of `host`. */
export interface SwitchRefusal {
  readonly host: string;
  readonly location: string | undefined;
  readonly why: string;
}

export interface SwitchPlan {
  /** Without those of which nothing is switched. */
  readonly listeners: readonly SwitchListener[];
  readonly pools: readonly SwitchPool[];
  readonly refusals: readonly SwitchRefusal[];
}

/**
 * What the datapath holds, in bytes and in numbers. `listeners`, `hosts`, `paths`, `pools`: of one plan, half of what the maps hold, since the next
 * plan is written beside it. Hosts count for each listener and name, paths for each of those, pools for each listener.
 */
export const SWITCH_LIMITS = {
  nameBytes: 63,
  pathBytes: 126,
  servers: 32,
  listeners: 512,
  hosts: 32_768,
  paths: 32_768,
  pools: 511,
} as const;
