// Reads numbers as keepalived does, and classifies those that it refuses.

/** What is wrong with a number: a code of the table of diagnostics, and its details. */
export interface Problem {
  readonly code:
    | 'number-invalid'
    | 'number-negative'
    | 'number-outside-unsigned'
    | 'number-outside-integer'
    | 'number-outside-range'
    | 'number-too-precise';
  readonly details: { readonly text: string; readonly min: string | number; readonly max: string | number };
}

/** The number, if there is one, and what is wrong with it. A rounded time has both: it is reported and used. */
export interface ReadNumber {
  readonly value?: number;
  readonly problem?: Problem;
}

export interface Bounds {
  readonly min: number;
  readonly max: number;
  /** Parsed as a signed number although `min` is not negative: `-1` is then out of range instead of negative. */
  readonly signed?: boolean;
}

const refused = (
  code: Problem['code'],
  text: string,
  min: string | number = '',
  max: string | number = '',
): { readonly problem: Problem } => ({
  problem: { code, details: { text, min, max } },
});

/** Bounds of numbers that keepalived reads as C's unsigned int and int. */
export const UNSIGNED_MAX = 0xffffffff;
export const INT_MAX = 0x7fffffff;

/** Microseconds of a second. */
export const SECOND_US = 1_000_000;

/** A whole number: an optional sign and decimal digits (`010` is ten); an empty word is 0, as in keepalived. */
export function readWhole(text: string, { min, max, signed = min < 0 }: Bounds): ReadNumber {
  if (!/^[+-]?\d*$/.test(text) || /^[+-]$/.test(text)) return refused('number-invalid', text);
  const value = Number(text) || 0;
  if (!signed && text.startsWith('-')) return refused('number-negative', text);
  if (!signed && value > UNSIGNED_MAX) return refused('number-outside-unsigned', text);
  if (signed && (value > INT_MAX || value < -INT_MAX - 1)) return refused('number-outside-integer', text);
  if (value < min || value > max) return refused('number-outside-range', text, min, max);
  return { value };
}

/** A bound as the message prints it. Without a bound (Infinity) it is the end of keepalived's 64 bits, which a double cannot represent. */
const decimals = (millionths: number, places: number): string =>
  Number.isFinite(millionths) ? (millionths / 10 ** places).toFixed(places) : '18446744073709.551614';

export interface TimeBounds {
  readonly minUs: number;
  readonly maxUs: number;
  readonly unit?: 'ms' | undefined;
  /** The unit counted: microseconds, or milliseconds within a number of seconds. */
  readonly stepUs?: 1 | 1000;
}

/** The number of decimals that count. */
export const placesOf = ({ unit, stepUs }: Pick<TimeBounds, 'unit' | 'stepUs'>): number => (unit === 'ms' || stepUs === 1000 ? 3 : 6);

/**
 * Reads decimal seconds (milliseconds: `unit` 'ms') as microseconds. Surplus decimals are rounded and reported. weir refuses what
 * keepalived misreads (it takes `1.5s` for 15 µs).
 */
export function readTime(text: string, { minUs, maxUs, unit, stepUs = 1 }: TimeBounds): ReadNumber {
  const match = /^([+-]?)(\d*)(?:\.(\d*))?$/.exec(text);
  const whole = match?.[2] ?? '';
  const fraction = match?.[3] ?? '';
  if (match === null || (text !== '' && whole === '' && fraction === '')) return refused('number-invalid', text);
  if (match[1] === '-') return refused('number-negative', text);
  const places = placesOf({ unit, stepUs });
  const digits = Number(whole) * 10 ** places + Number(fraction.slice(0, places).padEnd(places, '0'));
  const value = (digits + (Number(fraction[places] ?? '0') >= 5 ? 1 : 0)) * stepUs;
  if (value < minUs || value > maxUs) {
    return refused('number-outside-range', text, decimals(minUs / stepUs, places), decimals(maxUs / stepUs, places));
  }
  return fraction.length > places ? { value, ...refused('number-too-precise', text) } : { value };
}
