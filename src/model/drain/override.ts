// An override: what an operator states of a server above its configuration, until it is removed or its time is over. It stands in the record of drains,
// and holds as they do: whatever configuration, health checks and feedback write meanwhile becomes the configured weight.
/** `ready`: it has another weight. `drain`: no new connections but of persistent clients. `maintenance`: none at all. */
export const ADMIN_STATES = ['ready', 'drain', 'maintenance'] as const;
export type AdminState = (typeof ADMIN_STATES)[number];

export interface Override {
  /** As drainTargetWord: a server in every service that has it, or in one. */
  readonly target: string;
  readonly state: AdminState;
  /** Only of `ready`: in the place of the configured weight, where that is not 0. */
  readonly weight: number | null;
  readonly reason: string;
  /** Who stated it, as it is in the journal. */
  readonly owner: string;
  /** RFC 3339, UTC: for people. */
  readonly since: string;
  /** CLOCK_MONOTONIC, microseconds; null: until it is removed. */
  readonly untilUs: number | null;
  /** Raised by each change of this target, at whatever director; absent: of a build that kept overrides to itself. */
  readonly version?: number;
  /** It came from a peer of weir's own stream. */
  readonly adopted?: true;
}

/** One that was taken away, or whose time is over, for peers that were away and still have it. */
export interface RemovedOverride {
  readonly target: string;
  readonly version: number;
  /** CLOCK_MONOTONIC, microseconds: for so long it is remembered. */
  readonly untilUs: number;
}

export interface WantedOverride extends Pick<Override, 'target' | 'state' | 'weight' | 'reason' | 'owner'> {
  /** From now, s; null: until it is removed. */
  readonly forS: number | null;
  /** A service may be left without a server. */
  readonly allowEmpty: boolean;
}
