// Makes the rows of one part from their samples.
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
