// What weir knows of one sysctl that matters to a director or a server: the value that it wants, why, and the harm that it can do.

/** `layer7`: a host that ends connections of clients and opens its own to servers, as `weir proxy` and nginx do. */
export const TUNING_ROLES = ['director', 'realserver', 'layer7'] as const;
export type TuningRole = (typeof TUNING_ROLES)[number];

/** What values depend on. */
export interface TuningHost {
  readonly memoryBytes: number;
  /** Whether the host is to forward IPv4 packets. Absent: that is left as it is. */
  readonly forwarding?: boolean;
}

/** The numbers of a key: most have one, some (`tcp_rmem`) several. */
export type TuningValues = readonly number[];

/** `widest`: a range of two numbers, which may be wider. `instead-of`: all values stay but those in `bad`. */
type RuleKind = 'exactly' | 'at-least' | 'at-most' | 'widest' | 'instead-of';

export interface TuningRule {
  readonly kind: RuleKind;
  /** Undefined: nothing is wanted on this host. */
  readonly values: (host: TuningHost) => TuningValues | undefined;
  /** Values in whose place `values` are wanted, whatever the kind is. */
  readonly bad?: readonly number[];
}

export interface TuningRow {
  /** Below /proc/sys. `*` stands for `all`, `default` and every interface but lo. */
  readonly path: string;
  /** Where the value is wanted. */
  readonly roles: readonly TuningRole[];
  /** Whether every network namespace has its own, or the host has one. */
  readonly scope: 'namespace' | 'host';
  readonly rule: TuningRule;
  readonly reason: string;
  readonly harm: string;
  /** A value that does damage by itself, which `weir doctor` reports. The text goes on after `KEY is VALUE: `. */
  readonly damage?: (values: TuningValues) => string | undefined;
}

/** A setting that operators have in their lists and that weir does not set. */
export interface RefusedRow {
  readonly path: string;
  readonly why: string;
}

/** The numbers of a sysctl's text; undefined where it has others than whole numbers. */
export function tuningValues(text: string): TuningValues | undefined {
  const words = text.trim().split(/\s+/);
  return words.every((word) => /^-?[0-9]{1,15}$/.test(word)) ? words.map(Number) : undefined;
}

export const tuningText = (values: TuningValues): string => values.join(' ');

const byPlace = (now: TuningValues, wanted: TuningValues, choose: (a: number, b: number) => number): TuningValues =>
  wanted.map((value, index) => choose(now[index] ?? value, value));

/** What the key is to have where it has `now`: the same values where they are good enough. Undefined: nothing is wanted. */
export function tunedValues({ kind, values, bad = [] }: TuningRule, host: TuningHost, now: TuningValues): TuningValues | undefined {
  const wanted = values(host);
  if (wanted === undefined) return undefined;
  if (now.some((value) => bad.includes(value))) return wanted;
  switch (kind) {
    case 'exactly':
      return wanted;
    case 'instead-of':
      return now;
    case 'at-least':
      return byPlace(now, wanted, Math.max);
    case 'at-most':
      return byPlace(now, wanted, Math.min);
    case 'widest':
      return [Math.min(now[0] ?? 0, wanted[0] ?? 0), Math.max(now[1] ?? 0, wanted[1] ?? 0)];
  }
}
