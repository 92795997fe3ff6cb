// What a record remembers of things that are over, so that a peer that was away does not bring them back.

/** No drain has a longer deadline: 31 days. */
export const REMEMBERED_US = 31 * 24 * 3600 * 1_000_000;

/** `max` of them, those that are remembered longest, in the order of that. */
export const remembered = <T extends { readonly untilUs: number }>(all: readonly T[], max: number): readonly T[] =>
  all.toSorted((a, b) => a.untilUs - b.untilUs).slice(-max);
