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

/**
 * What packets of these reasons take is a detour: to the packet filter of this host, or until a fragment or a peer has come. None is lost; what is
 * lost there has a reason of its own.
 */
export const DETOURS: ReadonlySet<string> = new Set(['firewall', 'fragment_held', 'held', 'hold_full', 'hold_unfit', 'hold_late']);

/** Those of packets that were dropped, or that the stack may drop. */
export const withoutDetours = (counts: readonly DropCount[]): readonly DropCount[] => counts.filter(({ key }) => !DETOURS.has(key));
