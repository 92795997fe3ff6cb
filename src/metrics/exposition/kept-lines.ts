// The lines of samples as text. A process that is scraped again and again keeps those of large families: most of their samples are what they were, and to
// compare them takes a fraction of the time of writing them.
import type { Family, Sample } from './family.js';

/** Samples whose lines are written as one text: some 60 KB. */
const CHUNK = 1000;
/** Families with fewer samples are written each time. */
const KEPT_MIN = 200;
/** So many texts are kept: some 16 MB. */
const KEPT_MAX = 256;

function valueText(value: number | bigint): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf';
  return value === Number.NEGATIVE_INFINITY ? '-Inf' : String(value);
}

function linesText(name: string, samples: readonly Sample[]): string {
  let text = '';
  for (const { labels, value, suffix = '' } of samples) text += `${name}${suffix}${labels} ${valueText(value)}\n`;
  return text;
}

const areEqual = (before: readonly Sample[], now: readonly Sample[]): boolean =>
  before.length === now.length &&
  now.every(({ labels, value, suffix }, index) => {
    const one = before[index];
    return one !== undefined && Object.is(one.value, value) && one.labels === labels && one.suffix === suffix;
  });

/** Writes all lines. */
export class Lines {
  /** In pieces that are made when they are asked for. */
  *of({ name, samples }: Pick<Family, 'name' | 'samples'>): Generator<string> {
    for (let at = 0; at < samples.length; at += CHUNK) yield this.text(name, at, samples.slice(at, at + CHUNK), samples.length);
  }

  protected text(name: string, _at: number, samples: readonly Sample[], _count: number): string {
    return linesText(name, samples);
  }
}

interface Kept {
  readonly samples: readonly Sample[];
  readonly text: string;
}

export class KeptLines extends Lines {
  readonly #kept = new Map<string, Kept>();

  /** `at`: the place of the first sample in its family, which has `count`. */
  protected override text(name: string, at: number, samples: readonly Sample[], count: number): string {
    if (count < KEPT_MIN) return linesText(name, samples);
    const place = `${name} ${at}`;
    const before = this.#kept.get(place);
    if (before !== undefined && areEqual(before.samples, samples)) return before.text;
    const text = linesText(name, samples);
    if (before !== undefined || this.#kept.size < KEPT_MAX) this.#kept.set(place, { samples, text });
    return text;
  }
}
