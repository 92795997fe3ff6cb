// The health of a virtual server's real servers, as it is decided, published and reported. `Since` is how a moment is given there.

export type FailedCheck<Since> = Since & {
  /** `TCP_CHECK` */
  readonly check: string;
  /** Why it failed the last time. */
  readonly reason: string;
  /** The pause after an attempt that failed; absent: others report (FILE_CHECK, BFD_CHECK). */
  readonly everySeconds?: number;
};

/** `HTTP_GET HTTP status code error (/: status 503)` */
export const failedText = ({ check, reason }: { readonly check: string; readonly reason: string }): string => `${check} ${reason}`.trim();

/** A check that this host could not make the last time: no verdict about the server. */
export interface CheckNotMade {
  readonly check: string;
  readonly reason: string;
}

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
  readonly notMade: readonly CheckNotMade[];
  /** How often it went down since the host's start, as far as it is known. */
  readonly timesDown: number;
  /** How long it was down, without the last time if that is not over; absent: not at all. */
  readonly downUs?: number;
  /** An override has it in maintenance: its checks make no attempts. */
  readonly maintained?: boolean;
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
