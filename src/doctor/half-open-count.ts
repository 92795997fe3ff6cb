// Connections of a server or of a network of clients that did not get past SYN_RECV, beside those that did meanwhile. Pure.

/** Fewer may be clients that went away. */
const HALF_OPEN_MIN = 3;
const SHARE_MIN = 0.5;

export interface HalfOpenCount {
  /** In SYN_RECV for more than 3 s. */
  readonly halfOpen: number;
  /** In other states. */
  readonly others: number;
}

/** Is it more than clients that went away? */
export const isStuck = ({ halfOpen, others }: HalfOpenCount): boolean =>
  halfOpen >= HALF_OPEN_MIN && halfOpen >= SHARE_MIN * (halfOpen + others);

/**
 * Counts since a moment: the earliest since which they are stuck, else that of the first half-open one. So a client that went away
 * a minute ago does not hide what has been failing for some seconds.
 *
 * `halfOpen`, `others`: how long ago the last packet of each connection came, s.
 */
export function countHalfOpen(halfOpen: readonly number[], others: readonly number[]): HalfOpenCount {
  const [waiting, passed] = [halfOpen, others].map((idle) => Float64Array.from(idle).sort());
  if (waiting === undefined || passed === undefined || waiting.length === 0) return { halfOpen: 0, others: others.length };
  let since = { halfOpen: 0, others: 0 };
  let stuck: HalfOpenCount | undefined;
  for (const idle of waiting) {
    let count = since.others;
    while ((passed[count] ?? Number.POSITIVE_INFINITY) <= idle) count++;
    since = { halfOpen: since.halfOpen + 1, others: count };
    if (isStuck(since)) stuck = since;
  }
  return stuck ?? since;
}
