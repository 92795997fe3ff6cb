// A map from whole numbers, 0 and above, to values, as a tree of small arrays by the digits of the numbers, the last digit first. A change
// copies the path to one entry and shares all the rest with the map before, which stays as it was. It suits numbers that are given out in
// a row and taken back soon: they lie evenly in the tree.

interface Entry<Value> {
  readonly key: number;
  readonly value: Value;
}

export interface NumberMap<Value> {
  readonly places: readonly (NumberMap<Value> | Entry<Value> | undefined)[];
}

const WIDTH = 16;

export const emptyNumberMap = <Value>(): NumberMap<Value> => ({ places: Array.from({ length: WIDTH }, () => undefined) });

/** `unit`: 1, 16, 256 …: which digit decides at this depth. */
const digitOf = (key: number, unit: number): number => Math.floor(key / unit) % WIDTH;

export function valueIn<Value>({ places }: NumberMap<Value>, key: number, unit = 1): Value | undefined {
  const place = places[digitOf(key, unit)];
  if (place === undefined) return undefined;
  if ('places' in place) return valueIn(place, key, unit * WIDTH);
  return place.key === key ? place.value : undefined;
}

/** The map with this value for the number. */
export function withEntry<Value>({ places }: NumberMap<Value>, key: number, value: Value, unit = 1): NumberMap<Value> {
  const digit = digitOf(key, unit);
  const place = places[digit];
  if (place === undefined || ('key' in place && place.key === key)) return { places: places.with(digit, { key, value }) };
  const below = unit * WIDTH;
  // Two numbers meet that are alike up to this digit: both go one deeper.
  const nested = 'places' in place ? place : withEntry(emptyNumberMap<Value>(), place.key, place.value, below);
  return { places: places.with(digit, withEntry(nested, key, value, below)) };
}

/** The map without this number. */
export function withoutEntry<Value>(map: NumberMap<Value>, key: number, unit = 1): NumberMap<Value> {
  const digit = digitOf(key, unit);
  const place = map.places[digit];
  if (place === undefined || ('key' in place && place.key !== key)) return map;
  if ('key' in place) return { places: map.places.with(digit, undefined) };
  const nested = withoutEntry(place, key, unit * WIDTH);
  const isEmpty = nested.places.every((one) => one === undefined);
  return { places: map.places.with(digit, isEmpty ? undefined : nested) };
}
