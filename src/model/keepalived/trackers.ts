// What VRRP watches: scripts, files, processes, BFD sessions (keepalived.conf(5)). Times in microseconds.
import type { Address } from '../address.js';
import type { Script } from './script.js';

export interface TrackScript {
  readonly name: string;
  readonly script: Script;
  readonly intervalUs: number;
  /** Absent: the interval. */
  readonly timeoutUs?: number;
  /** -253..253; 0: failure means FAULT */
  readonly weight: number;
  readonly reverse: boolean;
  readonly rise: number;
  readonly fall: number;
  /** `init_fail`: taken for failed until the first result. */
  readonly initFail: boolean;
}

export interface TrackFile {
  readonly name: string;
  readonly path: string;
  readonly weight: number;
  readonly reverse: boolean;
  /** `init_file`: made at start with this value where missing (or always: overwrite). */
  readonly init?: { readonly value: number; readonly overwrite: boolean };
}

export interface TrackProcess {
  readonly name: string;
  readonly argv: readonly string[];
  readonly parameterMatch: 'none' | 'exact' | 'initial' | 'partial';
  readonly fullCommand: boolean;
  readonly weight: number;
  readonly reverse: boolean;
  readonly quorum: number;
  /** Absent: no upper bound. */
  readonly quorumMax?: number;
  readonly forkDelayUs: number;
  readonly terminateDelayUs: number;
}

export interface BfdInstance {
  readonly name: string;
  readonly neighbour: Address;
  readonly source?: Address;
  readonly minRxUs: number;
  readonly minTxUs: number;
  readonly idleTxUs: number;
  readonly multiplier: number;
  readonly passive: boolean;
  /** Of what is sent; what comes may have lost `maxHops` of it. */
  readonly ttl: number;
  /** -1 and 255: any number. */
  readonly maxHops: number;
  /** Port 4784 (RFC 5883) instead of 3784. */
  readonly multihop: boolean;
  readonly weight: number;
  readonly reverse: boolean;
  /** Who gets its events. */
  readonly events: { readonly vrrp: boolean; readonly checker: boolean };
}

/** A tracker as an instance or group refers to it. `weight` absent: the object's own (interfaces: 0, FAULT when down). */
export interface Tracked {
  readonly name: string;
  readonly weight?: number;
  readonly reverse?: boolean;
}

export interface TrackedSet {
  readonly interfaces: readonly Tracked[];
  readonly scripts: readonly Tracked[];
  readonly files: readonly Tracked[];
  readonly processes: readonly Tracked[];
  readonly bfds: readonly Tracked[];
}

export const NOTHING_TRACKED: TrackedSet = { interfaces: [], scripts: [], files: [], processes: [], bfds: [] };
