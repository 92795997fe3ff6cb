// The keyword somebody probably meant: what a message about an unknown one can add.

/** How many characters must change, go or come (Levenshtein), or `bound` + 1 where it is more. */
function distance(a: string, b: string, bound: number): number {
  if (Math.abs(a.length - b.length) > bound) return bound + 1;
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const change = previous[column - 1]! + (a[row - 1] === b[column - 1] ? 0 : 1);
      current.push(Math.min(change, previous[column]! + 1, current[column - 1]! + 1));
    }
    previous = current;
  }
  return previous[b.length]!;
}

/** The nearest name, if it is near: a third of the letters at most, other case not counted. */
export function nearest(text: string, names: Iterable<string>): string | undefined {
  if (text.length > 64) return undefined;
  const bound = Math.max(1, Math.floor(text.length / 3));
  let best: string | undefined;
  let least = bound + 1;
  for (const name of names) {
    const found = distance(text.toLowerCase(), name.toLowerCase(), bound);
    if (found < least) [best, least] = [name, found];
  }
  return best;
}
