// All set-ups and faults: every file of set-ups/ and faults/ exports a list. A new file needs no other change.
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Case, FaultOutcome, SetUpOutcome } from './run.js';
import { runCases } from './run.js';
import type { Fault, SetUp } from './types.js';

/** Cases that share a network: more would take longer side by side with others than one after another. */
const CASES_MAX = 6;

async function listsOf<T>(folder: string, name: string): Promise<readonly T[]> {
  const path = fileURLToPath(new URL(folder, import.meta.url));
  const files = readdirSync(path).filter((file) => file.endsWith('.js') && !file.endsWith('.test.js'));
  const lists = await Promise.all(
    files.sort().map(async (file) => {
      const module = (await import(new URL(`${folder}/${file}`, import.meta.url).href)) as Record<string, readonly T[] | undefined>;
      return module[name] ?? [];
    }),
  );
  return lists.flat();
}

export interface Catalogue {
  readonly setUps: readonly SetUp[];
  readonly faults: readonly Fault[];
}

function uniqueNames(names: readonly string[]): void {
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new RangeError(`two are named ${twice}`);
}

/** @throws RangeError for a name that is used twice, and for a fault on a set-up that is not there */
export async function catalogue(): Promise<Catalogue> {
  const setUps = await listsOf<SetUp>('set-ups', 'setUps');
  const faults = await listsOf<Fault>('faults', 'faults');
  uniqueNames([...setUps, ...faults].map(({ name }) => name));
  const lost = faults.find(({ on }) => !setUps.some(({ name }) => name === on));
  if (lost !== undefined) throw new RangeError(`${lost.name} is on ${lost.on}, which is no set-up`);
  return { setUps, faults };
}

/** What shares one network: a set-up and some of its cases. */
export interface Batch {
  readonly setUp: SetUp;
  readonly cases: readonly Case[];
  /** Whether the set-up is examined here, without a fault. */
  readonly first: boolean;
}

export function batchesOf({ setUps, faults }: Catalogue): readonly Batch[] {
  return setUps.flatMap((setUp) => {
    const cases = faults.filter(({ on }) => on === setUp.name).flatMap((fault) => fault.expect.map((at): Case => ({ fault, at })));
    const batches = Array.from({ length: Math.max(1, Math.ceil(cases.length / CASES_MAX)) }, (_, index) => ({
      setUp,
      cases: cases.slice(index * CASES_MAX, (index + 1) * CASES_MAX),
      first: index === 0,
    }));
    return batches;
  });
}

export interface Listener {
  onSetUp(outcome: SetUpOutcome): void;
  onFault(outcome: FaultOutcome): void;
}

/** Runs the batches in `lanes` at a time: most of a case is waiting. */
export async function runBatches(batches: readonly Batch[], lanes: number, listener: Listener): Promise<void> {
  // The longest first, so that the last lane does not begin the longest at the end.
  const waiting = [...batches].sort((one, other) => other.cases.length - one.cases.length);
  const lane = async (): Promise<void> => {
    for (let batch = waiting.shift(); batch !== undefined; batch = waiting.shift()) {
      const onSetUp = batch.first ? (outcome: SetUpOutcome) => listener.onSetUp(outcome) : undefined;
      await runCases(batch.setUp, batch.cases, onSetUp, (outcome) => listener.onFault(outcome));
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}
