// Answers that are asked for again and again.

export interface RememberedOptions<Key> {
  /** What equal keys have in common; absent: each is its own. */
  readonly idOf?: (key: Key) => unknown;
  /** Of so many answers all are forgotten, so that memory is bounded; absent: they are few. */
  readonly max?: number;
}

/** As `make`, which is called once for each key. */
export function remembered<Key, Value>(
  make: (key: Key) => Value,
  { idOf = (key) => key, max = Number.POSITIVE_INFINITY }: RememberedOptions<Key> = {},
): (key: Key) => Value {
  const made = new Map<unknown, Value>();
  return (key) => {
    const id = idOf(key);
    const known = made.get(id);
    if (known !== undefined) return known;
    if (made.size >= max) made.clear();
    const answer = make(key);
    made.set(id, answer);
    return answer;
  };
}
