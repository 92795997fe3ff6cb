// Shrinks a failing history while it still fails: fewer episodes, then a shorter time to the failure.

interface Shrinkable {
  /** Events of one episode belong together: all or none of them are dropped. */
  readonly events: readonly { readonly episode: number }[];
}

/** `fails` runs a history. At most `budget` runs. */
export function shrink<History extends Shrinkable>(history: History, fails: (history: History) => boolean, budget = 400): History {
  let best = history;
  let left = budget;
  const attempt = (candidate: History): boolean => {
    if (left <= 0 || candidate.events.length >= best.events.length) return false;
    left--;
    if (!fails(candidate)) return false;
    best = candidate;
    return true;
  };
  const without = (episodes: ReadonlySet<number>): History => ({
    ...best,
    events: best.events.filter(({ episode }) => !episodes.has(episode)),
  });
  for (let size = Math.ceil(new Set(best.events.map(({ episode }) => episode)).size / 2); size >= 1; ) {
    const episodes = [...new Set(best.events.map(({ episode }) => episode))].reverse();
    const dropped = Array.from({ length: Math.ceil(episodes.length / size) }, (_, chunk) =>
      episodes.slice(chunk * size, (chunk + 1) * size),
    ).some((chunk) => attempt(without(new Set(chunk))));
    if (!dropped) size = size === 1 ? 0 : Math.ceil(size / 2);
  }
  return best;
}
