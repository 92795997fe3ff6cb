// When a destination is full, and when it takes new connections again: the rules of the kernel's IPVS.

export interface Loaded {
  active: number;
  inactive: number;
  overloaded: boolean;
  readonly upper: number;
  readonly lower: number;
}

const connectionsOf = ({ active, inactive }: Loaded): number => active + inactive;

/** A connection left: below the lower threshold, or three quarters of the upper one, it is free again. */
export function endOverload(destination: Loaded): void {
  const { upper, lower } = destination;
  const count = connectionsOf(destination);
  if (lower !== 0 ? count < lower : upper === 0 || count * 4 < upper * 3) destination.overloaded = false;
}

/** A connection came. */
export function beginOverload(destination: Loaded): void {
  if (destination.upper === 0 || connectionsOf(destination) < destination.upper) return;
  destination.overloaded = true;
  endOverload(destination);
}

/** The thresholds changed: in between it stays as it is. */
export function updateOverload(destination: Loaded): void {
  const { upper, lower } = destination;
  const count = connectionsOf(destination);
  if (upper !== 0 && count >= upper) destination.overloaded = true;
  if (upper === 0 || count < (lower || upper - (upper >>> 2))) destination.overloaded = false;
}
