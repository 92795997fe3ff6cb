// Long texts that are made piece by piece: other requests have their turns in between. Pieces that cost little are sent together, since each that is sent
// costs a turn of the event loop, and of a client that does not read no more than one is made.

/** Until requests that have come meanwhile have had their turns. */
export const otherRequests = (): Promise<void> => new Promise((done) => setImmediate(done));

/** Others wait so long for one that makes pieces, ms. */
const TURN_MS = 2;
const LENGTH_MAX = 256 * 1024;

interface Turn {
  readonly turnMs?: number;
  readonly lengthMax?: number;
}

export async function* unhurried(
  pieces: Iterable<string>,
  { turnMs = TURN_MS, lengthMax = LENGTH_MAX }: Turn = {},
): AsyncGenerator<string> {
  let [text, beganMs] = ['', performance.now()];
  for (const piece of pieces) {
    text += piece;
    if (text.length < lengthMax && performance.now() - beganMs < turnMs) continue;
    yield text;
    await otherRequests();
    [text, beganMs] = ['', performance.now()];
  }
  if (text !== '') yield text;
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
