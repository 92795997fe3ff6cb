// What a row shows of a drain.
import { duration, shortNumber } from '../parts/texts.js';
import type { Drain } from './api-values.js';

/** `12 left, 4m10s` until its deadline; after its end how it ended: `empty`, `deadline, 3 left`. */
export function drainText({ state, remaining, deadlineInS }: Drain): string {
  const left = remaining === null || state === 'empty' ? '' : `${shortNumber(remaining.open)} left`;
  const parts = state === 'draining' ? [left, duration(deadlineInS)] : [state, left];
  return parts.filter((part) => part !== '').join(', ');
}
