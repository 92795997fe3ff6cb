// How many streams and waiting requests each caller has open, and all together: none may take what the others need.
import { WeirError } from '../../model/errors/weir-error.js';
import type { Caller } from '../access/caller.js';
import type { Answer } from '../route.js';

const DEFAULT_MAX = { each: 64, all: 2048 } as const;

/** The same pieces; `ended` is called once, when they end or their reader wants no more, also before the first. */
function untilEnded(pieces: AsyncIterable<string>, ended: () => void): AsyncIterable<string> {
  return {
    [Symbol.asyncIterator]() {
      const all = pieces[Symbol.asyncIterator]();
      return {
        async next() {
          try {
            const result = await all.next();
            if (result.done === true) ended();
            return result;
          } catch (error) {
            ended();
            throw error;
          }
        },
        async return() {
          ended();
          await all.return?.();
          return { done: true, value: undefined };
        },
      };
    },
  };
}

export class StreamShares {
  readonly #open = new Map<string, number>();
  #all = 0;

  constructor(readonly max: { readonly each: number; readonly all: number } = DEFAULT_MAX) {}

  /** Counts one of the caller's until the function is called that is returned. @throws WeirError api-streams */
  take({ stream: name }: Caller): () => void {
    const { each, all } = this.max;
    if ((this.#open.get(name) ?? 0) >= each) throw new WeirError('api-streams', { max: each });
    if (this.#all >= all) throw new WeirError('api-streams', { max: all });
    this.#open.set(name, (this.#open.get(name) ?? 0) + 1);
    this.#all += 1;
    let isOpen = true;
    return () => {
      if (!isOpen) return;
      isOpen = false;
      this.#all -= 1;
      const left = (this.#open.get(name) ?? 1) - 1;
      if (left === 0) this.#open.delete(name);
      else this.#open.set(name, left);
    };
  }
}

/** The same answer; `ended` is called when its stream ends, or immediately where it is none. */
export function untilSent(answer: Answer, ended: () => void): Answer {
  if (answer.body.kind !== 'stream') {
    ended();
    return answer;
  }
  return { ...answer, body: { ...answer.body, pieces: untilEnded(answer.body.pieces, ended) } };
}
