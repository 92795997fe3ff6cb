// Numbers and moments as texts.

const UNITS = ['', 'k', 'M', 'G', 'T', 'P', 'E'] as const;
const DIGITS = 3;
const [STEP, MINUTE, HOUR, DAY] = [1000, 60, 3600, 86_400] as const;

/** 1234567 → 1.23 M */
export function shortNumber(given: number | string): string {
  let value = Number(given);
  let unit = 0;
  while (Number(value.toPrecision(DIGITS)) >= STEP && unit < UNITS.length - 1) {
    value /= STEP;
    unit += 1;
  }
  const rounded = Number(value.toPrecision(DIGITS));
  const digits = Number.isInteger(rounded) || rounded >= 100 ? 0 : rounded >= 10 ? 1 : 2;
  return `${rounded.toFixed(digits)}${unit === 0 ? '' : ` ${UNITS[unit]}`}`;
}

/** 75 s → 1m15s */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < MINUTE) return `${whole}s`;
  if (whole < HOUR) return `${Math.floor(whole / MINUTE)}m${whole % MINUTE}s`;
  if (whole < DAY) return `${Math.floor(whole / HOUR)}h${Math.floor((whole % HOUR) / MINUTE)}m`;
  return `${Math.floor(whole / DAY)}d${Math.floor((whole % DAY) / HOUR)}h`;
}

/** 0.0123 s → 12 ms */
export function milliseconds(seconds: number): string {
  const ms = seconds * STEP;
  return `${ms < 9.95 ? ms.toFixed(1) : Math.round(ms)} ms`;
}

/** How long ago a moment is; null: from the start. */
export const ago = (since: string | null, now: number): string => (since === null ? '' : duration((now - Date.parse(since)) / 1000));
