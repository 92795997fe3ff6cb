// What goes into the machine of drains, and what comes out. Its state is the record that is pinned beside the tables (model/drain/drain.ts).
import type { DrainEnd, DrainHandover, DrainPersistence, DrainRemaining } from '../../model/drain/drain.js';
import type { Override } from '../../model/drain/override.js';
import type { PeerDrain } from '../../model/drain/peer-drain.js';
import type { PeerOverride } from '../../model/drain/peer-override.js';
import type { DestinationKey, ServiceKey } from '../../model/service.js';

/** A drain that is asked for. Times in seconds. */
export interface DrainRequest {
  /** As drainTargetWord. */
  readonly target: string;
  readonly deadlineS: number;
  readonly persistence: DrainPersistence;
  /** `honour`: for so long; default: until the deadline. */
  readonly honourS?: number;
  readonly end: DrainEnd;
  readonly settleS: number;
  readonly idleS: number;
  /** A service may be left without a server. */
  readonly allowEmpty: boolean;
  /** The least part of a service's weights that must be left, 0 to 1. */
  readonly minCapacity: number;
}

export const DRAIN_DEFAULTS = {
  deadlineS: 300,
  persistence: 'release',
  end: 'keep',
  settleS: 2,
  idleS: 30,
  allowEmpty: false,
  minCapacity: 0,
} as const satisfies Omit<DrainRequest, 'target'>;

export interface DrainViewServer {
  readonly key: DestinationKey;
  readonly configured: number;
  /** A drain or an override holds it at 0 already, or it is not in the table now. */
  readonly held: boolean;
}

/** A service as the table has it. */
export interface DrainViewService {
  readonly key: ServiceKey;
  readonly persistent: boolean;
  readonly servers: readonly DrainViewServer[];
}

export type DrainView = readonly DrainViewService[];

export type DrainInput =
  /** It was checked by checkDrain. `startedAt`: RFC 3339. `uid`: of one that travels to peers. */
  | { readonly kind: 'start'; readonly request: DrainRequest; readonly view: DrainView; readonly startedAt: string; readonly uid?: string }
  /** What peers have. */
  | {
      readonly kind: 'peers';
      readonly drains: readonly PeerDrain[];
      readonly overrides?: readonly PeerOverride[];
      readonly view: DrainView;
    }
  /** Gives the configured weights back, also after the end. `slowStartS`: by and by, within that time. */
  | { readonly kind: 'cancel'; readonly id: string; readonly slowStartS?: number }
  /** From now, of one that goes on. */
  | { readonly kind: 'deadline'; readonly id: string; readonly deadlineS: number }
  /** In the place of one of the same target; it was checked by checkOverride. */
  | { readonly kind: 'override'; readonly override: Override }
  /** The configured weight is in force again. */
  | { readonly kind: 'no-override'; readonly target: string }
  /**
   * What is left of each drain, by id. `handover`: of this director; absent: nothing is here that could be handed over. `lacks`: connections of a peer
   * are not here yet. `view`: where drains of peers hold servers.
   */
  | {
      readonly kind: 'look';
      readonly remaining: ReadonlyMap<string, DrainRemaining>;
      readonly handover?: DrainHandover;
      readonly lacks?: boolean;
      readonly view?: DrainView;
    }
  /** What an `end` asked for was done. `text`: what that was, for its event. */
  | { readonly kind: 'done'; readonly id: string; readonly text?: string };

export type DrainEventKind =
  | 'started'
  | 'moved'
  | 'progress'
  | 'released'
  | 'handed-over'
  | 'empty'
  | 'deadline'
  | 'reset'
  | 'removed'
  | 'cancelled'
  | 'restored'
  | 'empties'
  | 'overridden'
  | 'override-over';

/** For the log and whoever watches. */
export interface DrainEvent {
  /** Of an override: `override`. */
  readonly id: string;
  readonly target: string;
  readonly event: DrainEventKind;
  readonly text: string;
}

export type DrainEffect =
  | { readonly kind: 'event'; readonly event: DrainEvent }
  /** Asked for again at every look until it is done. `handBack`: this director's instances are released no more. */
  | { readonly kind: 'end'; readonly id: string; readonly action: Exclude<DrainEnd, 'keep'> | 'handBack' }
  /** Its instances of VRRP are released. Asked for at every look while the director is drained. */
  | { readonly kind: 'handOver'; readonly id: string };
