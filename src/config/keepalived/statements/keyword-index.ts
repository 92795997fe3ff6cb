// Finds a keyword in the table of its block, by name or older spelling.
import type { Keyword } from '../keyword.js';

const indexes = new WeakMap<readonly Keyword[], ReadonlyMap<string, Keyword>>();

/** Name and aliases → row. Cached, because a large configuration asks a million times. */
export function indexOf(table: readonly Keyword[]): ReadonlyMap<string, Keyword> {
  let index = indexes.get(table);
  if (index === undefined) {
    index = new Map(table.flatMap((keyword) => [keyword.name, ...(keyword.aliases ?? [])].map((name) => [name, keyword] as const)));
    indexes.set(table, index);
  }
  return index;
}

export const named = (table: readonly Keyword[], name: string): Keyword | undefined => indexOf(table).get(name);
