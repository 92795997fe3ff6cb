// The name that was probably meant by a word that is none: what a message about an unknown word can suggest.

const WORD_LETTERS_MAX = 64;

/** The number of letters to change, add, drop or swap to make `b` of `a`; `bound` + 1 where the lengths alone differ by more than `bound`. */
export function distance(a: string, b: string, bound = Number.POSITIVE_INFINITY): number {
  if (Math.abs(a.length - b.length) > bound) return bound + 1;
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const changed = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      let best = Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, changed);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) best = Math.min(best, (before[j - 2] ?? 0) + 1);
      next.push(best);
    }
    before = row;
    row = next;
  }
  return row[b.length] ?? 0;
}

/** The nearest name, the first of equals, if a third of the word's letters differ at most (at least one). Case does not count. */
export function nearest(word: string, names: Iterable<string>): string | undefined {
  if (word.length > WORD_LETTERS_MAX) return undefined;
  const bound = Math.max(1, Math.floor(word.length / 3));
  let best: string | undefined;
  let least = bound + 1;
  for (const name of names) {
    const found = distance(word.toLowerCase(), name.toLowerCase(), bound);
    if (found < least) [best, least] = [name, found];
  }
  return best;
}
