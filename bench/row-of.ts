// Makes the rows of one part from their samples, and prints them as they come.
import { median } from './median.js';
import type { Row } from './report.js';

export function rowOf(part: string) {
  return (name: string, samples: readonly number[], unit: string, more: Partial<Row> = {}): Row => ({
    part,
    name,
    value: median(samples),
    unit,
    samples,
    ...more,
  });
}

/** A part's rows so far; `add` prints each on a line. */
export function printedRows(print: (line: string) => void) {
  const rows: Row[] = [];
  const add = (more: readonly Row[]): void => {
    rows.push(...more);
    for (const { name, value, unit } of more) print(`  ${name}: ${value.toFixed(2)} ${unit}`);
  };
  return { rows, add };
}
