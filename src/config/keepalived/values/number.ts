// Numbers as keepalived reads them, with its words for those it does not take.

/** The number, if there is one; `problem`: what to say. Both: said and used (a rounded time). */
export interface ReadNumber {
  readonly value?: number;
  readonly problem?: string;
}

export interface Bounds {
  readonly min: number;
  readonly max: number;
  /** Read as a signed number although `min` is not negative: `-1` is out of range rather than negative. */
  readonly signed?: boolean;
}

const unsignedLimit = 0xffffffff;
const signedLimit = 0x7fffffff;

/** A whole number: a sign and decimal digits (`010` is ten); an empty word is 0, as in the original. */
export function readWhole(text: string, { min, max, signed = min < 0 }: Bounds): ReadNumber {
  if (!/^[+-]?\d*$/.test(text) || /^[+-]$/.test(text)) return { problem: `invalid number '${text}'` };
  const value = Number(text) || 0;
  if (!signed && text.startsWith('-')) return { problem: `negative number '${text}'` };
  if (!signed && value > unsignedLimit) return { problem: `number '${text}' outside unsigned integer range` };
  if (signed && (value > signedLimit || value < -signedLimit - 1)) return { problem: `number '${text}' outside integer range` };
  if (value < min || value > max) return { problem: `number '${text}' outside range [${min}, ${max}]` };
  return { value };
}

/** A bound as the message has it. No bound (Infinity) is the end of the original's 64 bits, which a double only nears. */
const decimals = (millionths: number, places: number): string =>
  Number.isFinite(millionths) ? (millionths / 10 ** places).toFixed(places) : '18446744073709.551614';

export interface TimeBounds {
  readonly minUs: number;
  readonly maxUs: number;
  readonly unit?: 'ms' | undefined;
  /** What is counted: microseconds, or milliseconds of a number of seconds. */
  readonly stepUs?: 1 | 1000;
}

/** How many decimals count. */
export const placesOf = ({ unit, stepUs }: Pick<TimeBounds, 'unit' | 'stepUs'>): number => (unit === 'ms' || stepUs === 1000 ? 3 : 6);

/**
 * Decimal seconds (milliseconds: `unit` 'ms') as microseconds. More decimals than a step has are rounded, used and told.
 * What the original misreads (`1.5s` is 15 µs to it) is refused here.
 */
export function readTime(text: string, { minUs, maxUs, unit, stepUs = 1 }: TimeBounds): ReadNumber {
  const match = /^([+-]?)(\d*)(?:\.(\d*))?$/.exec(text);
  const whole = match?.[2] ?? '';
  const fraction = match?.[3] ?? '';
  if (match === null || (text !== '' && whole === '' && fraction === '')) return { problem: `invalid number '${text}'` };
  if (match[1] === '-') return { problem: `negative number '${text}'` };
  const places = placesOf({ unit, stepUs });
  const kept = Number(whole) * 10 ** places + Number(fraction.slice(0, places).padEnd(places, '0'));
  const value = (kept + (Number(fraction[places] ?? '0') >= 5 ? 1 : 0)) * stepUs;
  if (value < minUs || value > maxUs) {
    return { problem: `number '${text}' outside range [${decimals(minUs / stepUs, places)}, ${decimals(maxUs / stepUs, places)}]` };
  }
  return fraction.length > places ? { value, problem: `number '${text}' has too many decimal places` } : { value };
}
