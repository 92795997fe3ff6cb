// The first line of reload_time_file: `HH:MM:SS`, `YY-MM-DD HH:MM:SS` or `YYYY-MM-DD HH:MM:SS`, local time or, with Z behind, UTC. Pure.

export type ReloadTime =
  /** `dated`: for one day only, so nothing is repeated. */
  | { readonly kind: 'at'; readonly ms: number; readonly dated: boolean }
  /** Nothing stands there. */
  | { readonly kind: 'none' }
  | { readonly kind: 'wrong'; readonly why: string };

const SHAPE = /^(?:(\d{2}|\d{4})-(\d{2})-(\d{2}) )?(\d{2}):(\d{2}):(\d{2})(Z?)$/;
/** No date and time is longer. */
const LENGTH_MAX = 20;

/** The whole year; one of two digits is read as by strptime(3): 69 is 1969. */
const wholeYear = (year: number, digits: number): number => (digits === 4 ? year : year < 69 ? 2000 + year : 1900 + year);

/** year, month from 1, day, hour, minute, second */
type Fields = readonly [number, number, number, number, number, number];

const momentOf = ([year, month, ...rest]: Fields, utc: boolean): Date =>
  utc ? new Date(Date.UTC(year, month - 1, ...rest)) : new Date(year, month - 1, ...rest);

const fieldsOf = (at: Date, utc: boolean): Fields =>
  utc
    ? [at.getUTCFullYear(), at.getUTCMonth() + 1, at.getUTCDate(), at.getUTCHours(), at.getUTCMinutes(), at.getUTCSeconds()]
    : [at.getFullYear(), at.getMonth() + 1, at.getDate(), at.getHours(), at.getMinutes(), at.getSeconds()];

/** `now`: without a date the time is today's, or tomorrow's where that is over. */
export function readReloadTime(text: string, now: Date): ReloadTime {
  const line = text.split('\n', 1)[0]?.slice(0, LENGTH_MAX) ?? '';
  if (text === '') return { kind: 'none' };
  const found = SHAPE.exec(line);
  if (found === null) return { kind: 'wrong', why: `Reload time ${line} format is incorrect - ignoring` };
  const [, year, month, day, hour, minute, second, z] = found;
  const utc = z === 'Z';
  const today = fieldsOf(now, utc);
  const date = year === undefined ? today.slice(0, 3) : [wholeYear(Number(year), year.length), Number(month), Number(day)];
  const fields = [...date, Number(hour), Number(minute), Number(second)] as unknown as Fields;
  const at = momentOf(fields, utc);
  if (fieldsOf(at, utc).some((value, index) => value !== fields[index])) {
    return { kind: 'wrong', why: `Reload time ${line} is not valid - ignoring` };
  }
  if (at.getTime() > now.getTime()) return { kind: 'at', ms: at.getTime(), dated: year !== undefined };
  if (year !== undefined) return { kind: 'wrong', why: `Reload time ${line} is in the past - ignoring` };
  const [y, m, d, ...clock] = fields;
  return { kind: 'at', ms: momentOf([y, m, d + 1, ...clock], utc).getTime(), dated: false };
}

const two = (value: number): string => String(value).padStart(2, '0');

/** `2026-11-20 15:30:00`, local time. */
export function reloadTimeText(ms: number): string {
  const [year, ...rest] = fieldsOf(new Date(ms), false);
  const [month = 0, day = 0, hour = 0, minute = 0, second = 0] = rest;
  return `${year}-${two(month)}-${two(day)} ${two(hour)}:${two(minute)}:${two(second)}`;
}
