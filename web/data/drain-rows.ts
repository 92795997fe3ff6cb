// Which drain holds a server, by the targets that it names.
import type { Drain, Drains } from './api-values.js';
import type { ServerRow } from './server-rows.js';

/** Of `10.0.0.1:80` and `[2001:db8::1]:80`. */
const addressOf = (endpoint: string): string => endpoint.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');

/** As docs/drain.md has them: an address, a server, a service, a server of a service. */
const wordsOf = ({ id, service }: ServerRow): readonly string[] => [addressOf(id), id, service.id, `${service.id}/${id}`];

/** The newest one of several that hold it. */
export function drainsBy(drains: Drains | undefined): (row: ServerRow) => Drain | undefined {
  const byTarget = new Map<string, Drain>();
  for (const drain of drains?.drains ?? [])
    if (drain.holds) for (const target of [drain.target, ...drain.also]) byTarget.set(target, drain);
  return (row) => {
    for (const word of wordsOf(row).toReversed()) {
      const found = byTarget.get(word);
      if (found !== undefined) return found;
    }
    return undefined;
  };
}
