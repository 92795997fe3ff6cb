// A family of metrics as values: a name with its samples. How it is written is prometheus.ts's matter.

/** What a scrape can be bounded by: `max_series` leaves out one of these as a whole. */
export const SCOPES = ['director', 'service', 'server'] as const;
export type Scope = (typeof SCOPES)[number];

/** `labels`: as `labelText` makes them; a value is exact where it is a bigint. */
export interface Sample {
  readonly labels: string;
  readonly value: number | bigint;
  /** Of a histogram: `_bucket`, `_sum`, `_count`. */
  readonly suffix?: string;
}

export interface Family {
  /** With `_total`, where it is a counter's. */
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly scope: Scope;
  readonly samples: readonly Sample[];
}

/** One whose samples are made when they are first asked for: an exposition is written family by family. */
export function lazyFamily(head: Omit<Family, 'samples'>, samples: () => readonly Sample[]): Family {
  let made: readonly Sample[] | undefined;
  return {
    ...head,
    get samples() {
      made ??= samples();
      return made;
    },
  };
}

const escaped = (value: string): string =>
  /[\\"\n]/.test(value) ? value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n') : value;

/** `{a="b",c="d"}`, sorted by name as client libraries write it; empty without labels. */
export function labelText(labels: Readonly<Record<string, string | number>>): string {
  const names = Object.keys(labels).sort();
  return names.length === 0 ? '' : `{${names.map((name) => `${name}="${escaped(String(labels[name]))}"`).join(',')}}`;
}

/** The same labels and one more, which must come after all of them by name or order does not matter to its reader. */
export const withLabel = (labels: string, name: string, value: string | number): string =>
  `${labels === '' ? '{' : `${labels.slice(0, -1)},`}${name}="${escaped(String(value))}"}`;

const added = (one: number | bigint, other: number | bigint): number | bigint =>
  typeof one === 'bigint' && typeof other === 'bigint' ? one + other : Number(one) + Number(other);

/** Those of equal labels added up: no series may be there twice. */
export function summed(samples: readonly Sample[]): readonly Sample[] {
  const sums = new Map<string, Sample>();
  for (const sample of samples) {
    const before = sums.get(sample.labels);
    sums.set(sample.labels, before === undefined ? sample : { ...sample, value: added(before.value, sample.value) });
  }
  return [...sums.values()];
}

export const plainSample = (value: number | bigint): readonly Sample[] => [{ labels: '', value }];

/** A family of weir's own, of the whole director. */
export const directorFamily = (name: string, type: Family['type'], help: string, samples: readonly Sample[]): Family => ({
  name: `weir_${name}`,
  type,
  help,
  scope: 'director',
  samples,
});
