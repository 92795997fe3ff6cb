// `--against DIR`: this build beside another one, a checkout that is built, in turns: each runs its own bench, and what both measured is compared.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { median } from './median.js';
import { type Options, usualParts } from './options.js';
import type { Row } from './report.js';

/** What one build measured, as its JSON has it: a figure that could not be taken is null. */
export interface Measurement extends Pick<Row, 'part' | 'name' | 'unit' | 'basis' | 'samples'> {
  readonly value: number | null;
}

/** This build's and the other's, one after the other. */
export interface Turn {
  readonly here: readonly Measurement[];
  readonly there: readonly Measurement[];
}

const TURNS = 5;
const QUICK_TURNS = 1;
/** How much more may be noise. */
const NOISE_MAX = 1.05;
const COSTS: readonly string[] = ['ns', 'ms', 's', '%', 'bytes', 'MB'];
const PEERS: readonly (string | undefined)[] = ['peer/weir', 'weir/peer'];

const isRate = (unit: string): boolean => unit.endsWith('/s');
/** Rows of peers, of gates and of conditions are the same work in both builds, or none. */
const isCompared = ({ unit, basis, samples }: Measurement): boolean =>
  samples !== undefined && !PEERS.includes(basis) && (isRate(unit) || COSTS.includes(unit));

const valueIn = (measurements: readonly Measurement[], { part, name }: Measurement): number =>
  measurements.find((each) => each.part === part && each.name === name)?.value ?? Number.NaN;

const compared = (turns: readonly Turn[], measurement: Measurement): Row => {
  const { part, name, unit } = measurement;
  const pairs = turns.map(({ here, there }) => ({ here: valueIn(here, measurement), there: valueIn(there, measurement) }));
  const ratios = pairs.map(({ here, there }) => (isRate(unit) ? there / here : here / there));
  const samples = pairs.map(({ here }) => here);
  const others = pairs.map(({ there }) => there);
  const row = { part, name, value: median(samples), unit, samples };
  if (others.every(Number.isNaN)) return { ...row, note: 'not measured by the other build' };
  const range = [Math.min(...ratios), Math.max(...ratios)].map((ratio) => ratio.toFixed(2)).join(' to ');
  return {
    ...row,
    ratio: ratios.some(Number.isNaN) ? Number.NaN : median(ratios),
    basis: 'of the other',
    gate: { kind: 'at-most', limit: NOISE_MAX },
    note: `the other: ${median(others).toFixed(1)} ${unit}; in turns ${range}`,
  };
};

/** A row for each figure of this build; the ratio is its cost by the other's, turn by turn. */
export const comparedRows = (turns: readonly Turn[]): readonly Row[] =>
  (turns[0]?.here ?? []).filter(isCompared).map((measurement) => compared(turns, measurement));

const words = (name: string, list: readonly string[] | undefined): readonly string[] => (list === undefined ? [] : [name, list.join(',')]);

const argumentsFor = (options: Options, json: string): readonly string[] => [
  ...['--quick', '--json', json, '--nice', String(options.nice)],
  ...words('--only', options.parts === usualParts ? ['program'] : options.parts),
  ...words('--tests', options.tests),
  ...words('--peers', options.peers),
  ...words('--offloads', options.offloads),
  ...words('--cpu', options.cpu === undefined ? undefined : [String(options.cpu)]),
  ...words('--load-seconds', options.loadSeconds === undefined ? undefined : [String(options.loadSeconds)]),
];

const benchOf = (root: string): string => join(resolve(root), 'build/bench/bench.js');

/** @throws Error with what that bench printed when it fails */
const measurementsOf = (root: string, options: Options, json: string): readonly Measurement[] => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [benchOf(root), ...argumentsFor(options, json)], {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  if (status !== 0) throw new Error(`the bench in ${root} ended with status ${status}:\n${stdout}${stderr}`);
  return (JSON.parse(readFileSync(json, 'utf8')) as { readonly rows: readonly Measurement[] }).rows;
};

/** `other`: the root of another checkout. @throws Error when it is not built */
export const against = (other: string, options: Options, print: (line: string) => void): readonly Row[] => {
  if (!existsSync(benchOf(other))) throw new Error(`${other} is no checkout that is built: run node dev/build.mjs there`);
  const own = fileURLToPath(new URL('../..', import.meta.url));
  const folder = mkdtempSync(join(tmpdir(), 'weir-bench-against-'));
  const json = join(folder, 'measured.json');
  const count = options.quick ? QUICK_TURNS : TURNS;
  try {
    const turns = Array.from({ length: count }, (_, index): Turn => {
      print(`turn ${index + 1} of ${count}`);
      // Every second turn begins with the other, so that a machine that slowly gets slower changes nothing.
      if (index % 2 === 0) {
        const here = measurementsOf(own, options, json);
        return { here, there: measurementsOf(other, options, json) };
      }
      const there = measurementsOf(other, options, json);
      return { here: measurementsOf(own, options, json), there };
    });
    return comparedRows(turns);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};
