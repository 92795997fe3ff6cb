// The short form of most faults: one broken thing, and the code and words by which the director's doctor must name it.
import type { Expectation, Fault, Steps } from './types.js';

export type Rest = Partial<Pick<Fault, 'effect' | 'symptoms' | 'repair' | 'afterwards' | 'undo' | 'open'>> & Pick<Expectation, 'also'>;

/** On a set-up whose director is named `director`: expected there. The name begins with that of the set-up. */
export function faultOf(topic: string, on: string) {
  return (name: string, breaks: Steps, code: string, matches: RegExp, { also, ...rest }: Rest = {}): Fault => ({
    name: `${on}-${name}`,
    topic,
    on,
    breaks,
    expect: [{ at: 'director', code, matches, ...(also === undefined ? {} : { also }) }],
    ...rest,
  });
}
