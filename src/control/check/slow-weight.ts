// The weight of a server in its slow start.

/** How far a slow start is. */
export interface SlowStart {
  /** The second in which the server came back, monotonic microseconds. */
  readonly fromUs: number;
  /** The present step of so many; the last one is the full weight. */
  readonly step: number;
  readonly of: number;
}

/** The share of a weight that a server has in its slow start: at least 1, unless it has none. */
export const slowWeight = (weight: number, slow: SlowStart | undefined): number =>
  slow === undefined ? weight : Math.max(Math.min(weight, 1), Math.floor((weight * slow.step) / slow.of));
