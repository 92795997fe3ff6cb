// Which drain holds a server, by the targets that it names, and what is left of it.
import { duration, shortNumber } from '../parts/texts.js';
import type { Drain, Drains } from './api-values.js';
import type { ServerRow } from './server-rows.js';

/** Of `10.0.0.1:80` and `[2001:db8::1]:80`. */
const addressOf = (endpoint: string): string => endpoint.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');

/** As docs/drain.md has them: an address, a server, a service, a server of a service. */
const wordsOf = ({ id, service }: ServerRow): readonly string[] => [addressOf(id), id, service.id, `${service.id}/${id}`];

/** The newest one of several that hold it; they are read with the oldest first. */
export function drainsBy(drains: Drains | undefined): (row: ServerRow) => Drain | undefined {
  const all = drains?.drains ?? [];
  const byTarget = new Map<string, number>();
  for (const [index, { holds, target, also }] of all.entries()) if (holds) for (const word of [target, ...also]) byTarget.set(word, index);
  return (row) => all[Math.max(...wordsOf(row).map((word) => byTarget.get(word) ?? -1))];
}

/** `12 left, 4m10s` until its deadline; after its end how it ended: `empty`, `deadline, 3 left`. */
export function drainText({ state, remaining, deadlineInS }: Drain): string {
  const left = remaining === null || state === 'empty' ? '' : `${shortNumber(remaining.open)} left`;
  const parts = state === 'draining' ? [left, duration(deadlineInS)] : [state, left];
  return parts.filter((part) => part !== '').join(', ');
}
