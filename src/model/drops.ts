// Packets that the datapath dropped, or passed on without balancing, by reason.

export interface DropCount {
  /** As in `weir stats drops`: `no_route`. */
  readonly key: string;
  readonly text: string;
  readonly count: bigint;
}

/** What was counted from some moment until now. */
export interface RecentDrops {
  /**
   * How long ago that moment is, s: as long as was asked for, or up to about 5 s longer. Shorter where the programs were loaded since.
   */
  readonly seconds: number;
  /** Of each reason, also those with count 0. */
  readonly counts: readonly DropCount[];
}
