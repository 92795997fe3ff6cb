// The relay's name. A resolver that does not answer holds a thread of the process for as long as it likes: one query for each name is under
// way at a time, whatever gives up on it and asks again.
import { type LookupAddress, type LookupOptions, lookup } from 'node:dns';
import type { LookupFunction } from 'node:net';

type Callback = Parameters<LookupFunction>[2];
type Answer = readonly [error: NodeJS.ErrnoException | null, addresses: string | LookupAddress[], family?: number];

const underWay = new Map<string, Callback[]>();

/** `lookup` of node:dns, by which those that ask the same while a query is under way get its answer. */
export function shareQueries(ask: LookupFunction): LookupFunction {
  return (name: string, options: LookupOptions, callback: Callback): void => {
    const key = JSON.stringify([name, options]);
    const waiting = underWay.get(key);
    if (waiting !== undefined) {
      waiting.push(callback);
      return;
    }
    underWay.set(key, [callback]);
    ask(name, options, (...answer: Answer) => {
      const callbacks = underWay.get(key) ?? [];
      underWay.delete(key);
      for (const each of callbacks) each(...(answer as Parameters<Callback>));
    });
  };
}

export const lookupOnce: LookupFunction = shareQueries(lookup as LookupFunction);

/** One text for all reasons: that of a resolver that does not answer depends on who asked first. */
export const NAME_TROUBLE = 'its name does not resolve';

/** What is logged of a connection that failed. Of a name with several addresses: why the first one did. */
export function connectTrouble(error: NodeJS.ErrnoException): Error {
  if (error.syscall === 'getaddrinfo') return new Error(NAME_TROUBLE);
  return error instanceof AggregateError ? ((error.errors as readonly Error[])[0] ?? error) : error;
}
