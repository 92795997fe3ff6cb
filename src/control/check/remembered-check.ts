// What is known of a check from before, as a value.

export interface RememberedCheck {
  readonly up: boolean;
  readonly weight: number;
  readonly status: number;
  /** When it came to this verdict, monotonic microseconds of this boot. */
  readonly sinceUs?: number;
  /** When the slow start of its server began that is not over. */
  readonly slowFromUs?: number;
  /** How often its server went down, if it did. */
  readonly timesDown?: number;
  /** How long it was down, if it came up again. */
  readonly downUs?: number;
  /** Why it failed. */
  readonly reason?: string;
}

/** By `rememberedKey`: checks that have run. */
export type Remembered = ReadonlyMap<string, RememberedCheck>;
