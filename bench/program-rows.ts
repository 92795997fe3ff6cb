// What part 1 reports of a case: its row and its gates; nothing where a program did not do the work.
import { boundText, middleReferences, referenceNames, shareOf } from './gates.js';
import { median } from './median.js';
import type { ProgramCase } from './program-cases.js';
import type { ProgramTurn, Sample } from './program-samples.js';
import type { Row } from './report.js';
import { hookOf, TC_REDIRECT, TC_UNSPEC, XDP_PASS, XDP_REDIRECT } from './wrap.js';

/** What one program did not do of the case's work; undefined when it did all of it. */
export const problemOf = (name: string, test: ProgramCase, samples: readonly Sample[]): string | undefined => {
  const [forwarded, passed] = hookOf(test.kind) === 'plain' ? [XDP_REDIRECT, XDP_PASS] : [TC_REDIRECT, TC_UNSPEC];
  const wanted = test.forwarded ? forwarded : passed;
  // By design XDP leaves an eighth of the clients' stale hops, one or two packets in a hundred here, to tc: the last one may be of them.
  const isOfStaleHops = test.device === 'r1';
  const strange = samples.find(({ verdict }) => verdict !== wanted && !(isOfStaleHops && verdict === passed));
  if (strange !== undefined) return `${name}: the last packet's verdict was ${strange.verdict}, not ${wanted}`;
  const counted = median(samples.map((each) => each.counted));
  if (Math.abs(counted - (test.forwarded ? 1 : 0)) > (isOfStaleHops ? 0.03 : 0.01))
    return `${name} counted ${(counted * 100).toFixed(1)} % of the packets`;
  const opened = median(samples.map((each) => each.opened));
  return Math.abs(opened - (test.opens ? 1 : 0)) > 0.01
    ? `${name}: ${(opened * 100).toFixed(1)} % of the packets opened a connection`
    : undefined;
};

const referenceText = (turns: readonly ProgramTurn[]): string => {
  const middle = middleReferences(turns);
  return referenceNames
    .filter((name) => middle[name] !== undefined)
    .map((name) => `${name} ${middle[name]?.toFixed(1)} ns`)
    .join(', ');
};

/** A case's row with its share of the textbook balancer's cost, and one for its bound where it has one. */
export const rowsOf = (test: ProgramCase, turns: readonly ProgramTurn[], note?: string): readonly Row[] => {
  const nanoseconds = median(turns.map((turn) => turn.nanoseconds));
  const textbook = turns.map((turn) => turn.textbook).filter((sample) => sample !== undefined);
  const problem =
    problemOf(
      'weir',
      test,
      turns.map(({ weir }) => weir),
    ) ?? (textbook.length > 0 ? problemOf('the textbook balancer', test, textbook) : undefined);
  const valid = problem === undefined; // a program that did not do the work has no speed
  const shared = { part: 'program', value: valid ? nanoseconds : Number.NaN, unit: 'ns' };
  const remarks = [problem && `${problem} (${nanoseconds} ns)`, note, referenceText(turns)].filter((remark) => remark);
  const main: Row = {
    ...shared,
    name: test.name,
    samples: turns.map((turn) => turn.nanoseconds),
    ...(textbook.length > 0 ? { ratio: valid ? shareOf({ textbook: 1 }, turns) : Number.NaN, basis: 'textbook' } : {}),
    ...(test.ofTextbook === undefined ? {} : { gate: { kind: 'at-most', limit: test.ofTextbook } as const }),
    ...(remarks.length > 0 ? { note: remarks.join('; ') } : {}),
    references: turns.map((turn) => turn.references),
  };
  if (test.bound === undefined) return [main];
  const share = valid ? shareOf(test.bound, turns) : Number.NaN;
  return [
    main,
    { ...shared, name: `${test.name}, bound`, ratio: share, basis: `of ${boundText(test.bound)}`, gate: { kind: 'at-most', limit: 1 } },
  ];
};
