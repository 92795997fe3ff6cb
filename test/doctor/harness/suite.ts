// The tests of a part of the catalogue: one for each working set-up, and one for each row of the table.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { noNamespaces } from '../../support/netns-bed.js';
import { noTools, noTunnels, type Skip } from '../../support/probes.js';
import { batchesOf, type Catalogue, runBatches } from './cases.js';
import type { Case, FaultOutcome, SetUpOutcome } from './run.js';
import { problemsOf, problemsOfSetUp, table } from './table.js';
import type { SetUp } from './types.js';

/** Side by side: two cores, and cases that mostly wait. */
const LANES = 5;

class Later<T> {
  settle: (value: T) => void = () => {};
  readonly value = new Promise<T>((resolve) => {
    this.settle = resolve;
  });
}

const caseName = ({ fault, at }: Case): string => `${fault.name}, seen by ${at.at}`;

/** Declares the tests and runs what they are about; prints the table at the end. */
export function suite(catalogue: Catalogue): void {
  const skip = noNamespaces() || noTools('nft', 'iptables', 'ethtool');
  const needed: Readonly<Record<NonNullable<SetUp['needs']>, Skip>> = { tunnels: noTunnels() };
  const lacking = ({ needs }: SetUp): Skip => skip || (needs === undefined ? false : needed[needs]);
  const batches = batchesOf(catalogue);
  const setUps = new Map(catalogue.setUps.map(({ name }) => [name, new Later<SetUpOutcome>()]));
  const faults = new Map(batches.flatMap(({ cases }) => cases.map((one) => [caseName(one), new Later<FaultOutcome>()] as const)));
  const skipOf = new Map(
    batches.flatMap(({ setUp, cases }) => [setUp.name, ...cases.map(caseName)].map((name) => [name, lacking(setUp)] as const)),
  );
  const examined: SetUpOutcome[] = [];
  const outcomes: FaultOutcome[] = [];
  const running = skip
    ? Promise.resolve()
    : runBatches(
        batches.filter(({ setUp }) => lacking(setUp) === false),
        LANES,
        {
          onSetUp(outcome) {
            examined.push(outcome);
            setUps.get(outcome.setUp.name)?.settle(outcome);
          },
          onFault(outcome) {
            outcomes.push(outcome);
            faults.get(caseName(outcome))?.settle(outcome);
          },
        },
      );
  for (const [name, { value }] of setUps) {
    test(`nothing is reported where all is well: ${name}`, { skip: skipOf.get(name) ?? skip }, async () =>
      assert.deepEqual(problemsOfSetUp(await value), []),
    );
  }
  for (const [name, { value }] of faults) {
    test(`named, and the fix works: ${name}`, { skip: skipOf.get(name) ?? skip }, async () =>
      assert.deepEqual(problemsOf(await value), []),
    );
  }
  after(async () => {
    await running;
    if (!skip) process.stdout.write(`\n${table(examined, outcomes)}`);
  });
}
