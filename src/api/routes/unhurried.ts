// Long texts that are made piece by piece: other requests have their turns between two pieces.

/** Until requests that have come meanwhile have had their turns. */
export const otherRequests = (): Promise<void> => new Promise((done) => setImmediate(done));

export async function* unhurried(pieces: Iterable<string>): AsyncGenerator<string> {
  for (const piece of pieces) {
    yield piece;
    await otherRequests();
  }
}

/** What was made once is kept for all who read it, also for one that begins while another one has the first pieces. */
export function keptPieces(source: Iterator<string>): Iterable<string> {
  const made: string[] = [];
  return {
    *[Symbol.iterator]() {
      for (let index = 0; ; index++) {
        if (index === made.length) {
          const { done, value } = source.next();
          if (done === true) return;
          made.push(value);
        }
        yield made[index] ?? '';
      }
    },
  };
}
