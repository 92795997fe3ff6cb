// A classic histogram: how many values were at most each bound.
import type { Classes } from '../../model/class-counts.js';
import { labelText, type Sample, withLabel } from '../exposition/family.js';

/** `labels`: of all its samples. */
export function histogramSamples({ bounds, counts, sum }: Classes, labels = ''): readonly Sample[] {
  const samples: Sample[] = [];
  let count = 0;
  for (const [index, each] of counts.entries()) {
    count += each;
    const le = String(bounds[index] ?? '+Inf');
    samples.push({ labels: labels === '' ? labelText({ le }) : withLabel(labels, 'le', le), value: count, suffix: '_bucket' });
  }
  return [...samples, { labels, value: sum, suffix: '_sum' }, { labels, value: count, suffix: '_count' }];
}
