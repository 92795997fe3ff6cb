// Which of several drains or overrides names a server, by their targets.
import type { Service } from './api-values.js';

/** A server in a service. */
interface Place {
  readonly service: Pick<Service, 'id'>;
  readonly id: string;
}

/** Of `10.0.0.1:80` and `[2001:db8::1]:80`. */
const addressOf = (endpoint: string): string => endpoint.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');

/** As docs/drain.md has them: an address, a server, a service, a server of a service. */
const wordsOf = ({ id, service }: Place): readonly string[] => [addressOf(id), id, service.id, `${service.id}/${id}`];

/** The last one of `all`, which are read with the oldest first, that names a server. */
export function newestBy<T>(all: readonly T[] | undefined, targetsOf: (one: T) => readonly string[]): (place: Place) => T | undefined {
  const byTarget = new Map((all ?? []).flatMap((one, index) => targetsOf(one).map((word) => [word, index] as const)));
  return (place) => all?.[Math.max(...wordsOf(place).map((word) => byTarget.get(word) ?? -1))];
}
