// A table has each server of a service once; files of others may name it several times.
import { destinationId } from '../../model/identity.js';
import type { ImportedDestination } from './imported.js';

/** `join`: what two of one server become, in the place of the first one. */
export function eachServerOnce<T extends Pick<ImportedDestination, 'spec'>>(
  all: readonly T[],
  join: (before: T, one: T) => T,
): readonly T[] {
  const found = new Map<string, T>();
  for (const one of all) {
    const id = destinationId(one.spec);
    const before = found.get(id);
    found.set(id, before === undefined ? one : join(before, one));
  }
  return [...found.values()];
}
