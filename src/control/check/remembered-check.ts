// What is known of a check from before, as a value.

export interface RememberedCheck {
  readonly up: boolean;
  readonly weight: number;
  readonly status: number;
}

/** By `rememberedKey`: checks that have run. */
export type Remembered = ReadonlyMap<string, RememberedCheck>;
