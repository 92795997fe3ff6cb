// The short form of most faults: one broken thing, and the code and words by which doctor must name it, on the director or on s1.
import type { Expectation, Fault, Step, Steps } from './types.js';

export type Rest = Partial<Pick<Fault, 'effect' | 'symptoms' | 'repair' | 'afterwards' | 'undo' | 'open'>> & Pick<Expectation, 'also'>;

const expected = (at: string, code: string, matches: RegExp, also: Expectation['also']): Expectation => ({
  at,
  code,
  matches,
  ...(also === undefined ? {} : { also }),
});

/** On a set-up whose director is named `director`: expected there. `prefix`: what the name begins with. */
export function faultOf(topic: string, on: string, prefix = on) {
  return (name: string, breaks: Steps, code: string, matches: RegExp, { also, ...rest }: Rest = {}): Fault => ({
    name: `${prefix}-${name}`,
    topic,
    on,
    breaks,
    expect: [expected('director', code, matches, also)],
    ...rest,
  });
}

/** One thing broken on s1, of which doctor on s1 has to name the cause. */
export function onServer(
  setUp: string,
  name: string,
  steps: readonly Step[],
  [code, matches]: readonly [string, RegExp],
  { also, ...rest }: Rest = {},
): Fault {
  return {
    name: `${setUp}-${name}`,
    topic: 'server',
    on: setUp,
    breaks: [['s1', ...steps]],
    expect: [expected('s1', code, matches, also)],
    ...rest,
  };
}
