// Gates that mean the same on every machine: what a case may cost, as a sum of references that were measured in the same turn.
import { median } from './median.js';

/**
 * `textbook`: the textbook balancer (textbook.bpf.c) on the same packets.
 * `touch`: one touch of a line of an array as large as the connection table (touch.bpf.c), chosen by the same flows.
 * `redirect`: one call of bpf_redirect, which every forwarded packet needs.
 */
export const referenceNames = ['textbook', 'touch', 'redirect'] as const;
export type ReferenceName = (typeof referenceNames)[number];

/** ns of each reference that was measured. */
export type References = Readonly<Partial<Record<ReferenceName, number>>>;

/** How many of each reference a case may cost. */
export type Bound = Readonly<Partial<Record<ReferenceName, number>>>;

/** One sample of a case, and its references right after it. */
export interface Turn {
  readonly nanoseconds: number;
  readonly references: References;
}

/** ns; NaN where a reference was not measured, or was too short to be seen. */
export const boundOf = (bound: Bound, references: References): number => {
  const sum = referenceNames.reduce((total, name) => {
    const factor = bound[name];
    return factor === undefined ? total : total + factor * (references[name] ?? Number.NaN);
  }, 0);
  return sum > 0 ? sum : Number.NaN;
};

/** The cost as a share of the bound: the median over the turns, because a slow moment of the machine slows both sides of its turn. */
export const shareOf = (bound: Bound, turns: readonly Turn[]): number => {
  const shares = turns.map(({ nanoseconds, references }) => nanoseconds / boundOf(bound, references));
  return shares.some(Number.isNaN) ? Number.NaN : median(shares);
};

/** Medians over the turns of each reference that was measured. */
export const middleReferences = (turns: readonly Turn[]): References => {
  const found: Partial<Record<ReferenceName, number>> = {};
  for (const name of referenceNames) {
    const samples = turns.map(({ references }) => references[name]).filter((sample) => sample !== undefined);
    if (samples.length > 0) found[name] = median(samples);
  }
  return found;
};

/** `2 touch + 0.2 textbook` */
export const boundText = (bound: Bound): string =>
  referenceNames
    .filter((name) => bound[name] !== undefined)
    .map((name) => `${bound[name]} ${name}`)
    .join(' + ');
