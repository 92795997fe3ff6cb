// How many packets of a reason are dropped, or were, as text.
import type { DropFacts } from '../../table-facts.js';

/** While doctor looks, and in the last minute; undefined: none are dropped now. */
export function ongoingDrops({ seconds, recent, now }: DropFacts, reason: string): string | undefined {
  const count = now.get(reason);
  if (count === undefined) return undefined;
  return `${count} while doctor looked, ${Math.max(count, recent.get(reason) ?? 0)} in ${Math.round(seconds)} s`;
}

/** The same, or in the last minute alone; undefined: none were dropped. */
export function latestDrops(drops: DropFacts, reason: string): string | undefined {
  const count = drops.recent.get(reason);
  return ongoingDrops(drops, reason) ?? (count === undefined ? undefined : `${count} in ${Math.round(drops.seconds)} s`);
}
