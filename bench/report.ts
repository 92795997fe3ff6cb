// The results as rows with their gates; as tables for a person and as JSON for a program.
import type { References } from './gates.js';

/** What a row must reach: its ratio (or, where it has none, its value) at most or at least `limit`. */
export interface Gate {
  readonly kind: 'at-most' | 'at-least';
  readonly limit: number;
}

/** One line of a table. `value` is the median of `samples`, in `unit`. `ratio` is value ÷ what `basis` names, of the same run. */
export interface Row {
  readonly part: string;
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly ratio?: number;
  readonly basis?: string;
  readonly gate?: Gate;
  readonly samples?: readonly number[];
  /** What was measured beside each sample, in the same turn, ns. */
  readonly references?: readonly References[];
  readonly note?: string;
}

/** Whether the row passes its gate; undefined when it has none. A figure that could not be taken (NaN) misses. */
export const passes = (row: Row): boolean | undefined => {
  if (row.gate === undefined) return undefined;
  const figure = row.ratio ?? row.value;
  return row.gate.kind === 'at-most' ? figure <= row.gate.limit : figure >= row.gate.limit;
};

const digits = (figure: number): string => {
  if (!Number.isFinite(figure)) return '-';
  if (Math.abs(figure) >= 1000) return Math.round(figure).toLocaleString('en-US').replaceAll(',', ' ');
  return figure.toFixed(Math.abs(figure) >= 100 ? 0 : Math.abs(figure) >= 10 ? 1 : 2);
};

const cells = (row: Row): readonly string[] => {
  const passed = passes(row);
  return [
    row.name,
    `${digits(row.value)} ${row.unit}`,
    row.ratio === undefined ? '' : `${digits(row.ratio)} ${row.basis ?? ''}`.trim(),
    row.gate === undefined ? '' : `${row.gate.kind === 'at-most' ? '<=' : '>='} ${row.gate.limit}`,
    passed === undefined ? '' : passed ? 'pass' : 'MISS',
    row.note ?? '',
  ];
};

/** A part's rows as an aligned table. */
export const table = (title: string, rows: readonly Row[]): string => {
  const lines = [['case', 'measured', 'ratio', 'gate', '', ''], ...rows.map(cells)];
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(...lines.map((line) => (line[column] ?? '').length)));
  const text = lines.map((line) =>
    line
      .map((cell, column) => (column === 0 || column > 3 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
  return [`== ${title}`, ...text, ''].join('\n');
};

/** How many gates were passed, of how many; and which were missed, by name. */
export const verdict = (rows: readonly Row[]): { readonly passed: number; readonly gates: number; readonly missed: readonly string[] } => {
  const gated = rows.filter((row) => passes(row) !== undefined);
  const missed = gated.filter((row) => passes(row) === false).map((row) => `${row.part}: ${row.name}`);
  return { passed: gated.length - missed.length, gates: gated.length, missed };
};
