// A history of weir's own stream as data: nodes in a full mesh with a table each, what clients send, and what is disturbed when.
import type { CommonHistory } from '../../../src/sim/history.js';
import type { Packet } from './memory-table.js';

export interface NodeSetup {
  /** Of its monotonic clock at the beginning, milliseconds; and how much faster it goes. */
  readonly originMs: number;
  readonly ppm: number;
  /** Milliseconds between two looks at its table. */
  readonly lookMs: number;
  /** Its build compares digests. */
  readonly digests: boolean;
  /** It states of which connections it had the last packet itself. */
  readonly owners: boolean;
  /** It states which table it has. */
  readonly tables: boolean;
}

export type Disturbance =
  /** To the active node with this number, if there are two. */
  | { readonly kind: 'packet'; readonly client: number; readonly packet: Packet; readonly pick: number; readonly server: number }
  /** The active node ends a connection before its time. `standby`: another one does, where it had no packet of it. */
  | { readonly kind: 'evict'; readonly client: number; readonly pick: number; readonly standby: boolean }
  | { readonly kind: 'active'; readonly nodes: readonly number[] }
  /** The connections between two nodes end. */
  | { readonly kind: 'reset'; readonly a: number; readonly b: number }
  | { readonly kind: 'cut' | 'heal'; readonly a: number; readonly b: number }
  /** `read`: it reads nothing; else it does nothing at all. */
  | { readonly kind: 'stall'; readonly node: number; readonly read: boolean }
  | { readonly kind: 'resume'; readonly node: number }
  | { readonly kind: 'kill' | 'start'; readonly node: number }
  /** Its table is lost, and its clock begins elsewhere. */
  | { readonly kind: 'crash'; readonly node: number; readonly originMs: number }
  | { readonly kind: 'unbound' | 'bound' | 'full' | 'room'; readonly node: number }
  /** How long bytes take, microseconds. */
  | { readonly kind: 'weather'; readonly minUs: number; readonly maxUs: number };

export interface StreamHistory extends CommonHistory<Disturbance> {
  readonly nodes: readonly NodeSetup[];
}
