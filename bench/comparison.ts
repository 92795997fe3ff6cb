// One case on several sides, which differ in their director's table, in the address family or in the method: in turns, as ratios.
import type { Datapath } from './datapath.js';
import { inside } from './inside.js';
import { median } from './median.js';
import type { ProgramCase } from './program-cases.js';
import { problemOf } from './program-rows.js';
import { type Bed, type ProgramTurn, prepare, Turns } from './program-samples.js';
import type { Gate, Row } from './report.js';

export interface Side {
  readonly bed: Bed;
  readonly datapath: Datapath;
  readonly test: ProgramCase;
}

const TURNS = 9;
const QUICK_TURNS = 3;

/** Samples of all sides, in turns. Only connections of the case are in the tables. */
const sample = (sides: readonly Side[]): readonly (readonly ProgramTurn[])[] => {
  // Two sides may have one table.
  for (const { bed, datapath } of sides) inside(bed.director, () => datapath.clear());
  const running = sides.map((side) => {
    const { bed, datapath, test } = side;
    inside(bed.director, () => prepare(bed, datapath, test, undefined));
    return { ...side, turns: new Turns(bed, test, undefined), taken: [] as ProgramTurn[] };
  });
  const rounds = sides[0]?.bed.options.quick === true ? QUICK_TURNS : TURNS;
  for (let round = 0; round < rounds; round += 1)
    for (const { bed, datapath, turns, taken } of running) taken.push(inside(bed.director, () => turns.take(datapath)));
  return running.map(({ taken }) => taken);
};

/** A side that did not do the work has no speed. */
const problemOfSide = ({ test }: Side, turns: readonly ProgramTurn[]): string | undefined =>
  problemOf(
    test.name,
    test,
    turns.map(({ weir }) => weir),
  );

const timesOf = (turns: readonly ProgramTurn[]): readonly number[] => turns.map(({ nanoseconds }) => nanoseconds);

/** The case of one side alone: ns. */
export const measured = (part: string, side: Side, gate?: Gate): Row => {
  const [turns = []] = sample([side]);
  const samples = timesOf(turns);
  const problem = problemOfSide(side, turns);
  return {
    part,
    name: side.test.name,
    value: problem === undefined ? median(samples) : Number.NaN,
    unit: 'ns',
    samples,
    ...(gate === undefined ? {} : { gate }),
    ...(problem === undefined ? {} : { note: problem }),
  };
};

/** Each side as a multiple of `base`, all in the same turns: the median over them. `atMost`: absent, it has no gate. */
export const comparedWith = (part: string, sides: readonly (Side & { readonly atMost?: number })[], base: Side): readonly Row[] => {
  const [baseTurns = [], ...others] = sample([base, ...sides]);
  const baseSamples = timesOf(baseTurns);
  const baseProblem = problemOfSide(base, baseTurns);
  return sides.map((side, index) => {
    const turns = others[index] ?? [];
    const samples = timesOf(turns);
    const problem = problemOfSide(side, turns) ?? baseProblem;
    const valid = problem === undefined;
    const ratio = median(samples.map((each, turn) => each / (baseSamples[turn] ?? Number.NaN)));
    return {
      part,
      name: side.test.name,
      value: valid ? median(samples) : Number.NaN,
      unit: 'ns',
      ratio: valid ? ratio : Number.NaN,
      basis: `of ${base.test.name}`,
      samples,
      ...(side.atMost === undefined ? {} : { gate: { kind: 'at-most', limit: side.atMost } as const }),
      note: problem ?? `${base.test.name}: ${median(baseSamples).toFixed(1)} ns`,
    };
  });
};

/** `side` as a multiple of `base`. */
export const compared = (part: string, side: Side, base: Side, atMost: number): Row => {
  const [row] = comparedWith(part, [{ ...side, atMost }], base);
  if (row === undefined) throw new Error('one side has one row');
  return row;
};
