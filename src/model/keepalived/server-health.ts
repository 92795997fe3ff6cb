// The health of a virtual server's real servers, as it is decided, published and reported. `Since` is how a moment is given there.

export type FailedCheck<Since> = Since & {
  /** `TCP_CHECK` */
  readonly check: string;
  readonly reason: string;
};

/** `Since`: when it came into this state. */
export type RealServerHealth<Since> = Since & {
  /** `10.0.0.2:80` */
  readonly server: string;
  readonly up: boolean;
  /** Effective, and what a quorum counts. */
  readonly weight: number;
  /** What it serves with while it starts slowly. */
  readonly slowWeight?: number;
  /** How many checks it has, and how many of them gave no verdict yet. */
  readonly checks: number;
  readonly unchecked: number;
  readonly failed: readonly FailedCheck<Since>[];
};

/** Without its real servers. */
export interface VirtualServerHealth {
  /** As keepalived's lines have it: `[192.0.2.1]:tcp:80`. */
  readonly name: string;
  readonly quorumUp: boolean;
  readonly quorum: number;
  /** Of the servers that are up. */
  readonly weight: number;
  /** The sorry server serves. */
  readonly sorry: boolean;
  /** ha_suspend: its checks wait. */
  readonly suspended: boolean;
}
