// Many random histories through the loaded programs and the reference director, and what of the rules they met.
import assert from 'node:assert/strict';
import type { ServiceKey } from '../../../src/model/service.js';
import fc, { oneCase } from '../../support/properties.js';
import type { Bed } from '../bed.js';
import { Explainer } from '../explained.js';
import { IPV6, VIP } from '../fixtures/bed-addresses.js';
import { type Hook, serviceKey } from '../fixtures/fixture.js';
import { history } from './history.js';
import { Pair } from './pair.js';
import { play } from './play.js';

export interface Comparison {
  readonly bed: Bed;
  readonly hook: Hook;
  readonly histories: number;
  /** One frame in so many is explained first, which takes longer than to play it. */
  readonly explainedIn: number;
  /** Drop reasons, and states of connections, that must be met: as many histories again, of another seed, while one is not. */
  readonly wanted: readonly string[];
}

/** So many times as many histories. */
const ROUNDS_MAX = 4;

/** The programs beside those on the links, and those for marks, do nothing until they are loaded, with the first service for them. */
function loadAllBuilds({ director }: Bed): void {
  const of = (key: ServiceKey): void => director.addService({ key, scheduler: 'rr', schedFlags: 0, onePacket: false });
  for (const protocol of ['tcp', 'sctp'] as const)
    for (const address of [VIP, IPV6.vip]) for (const port of [80, 0]) of(serviceKey(protocol, address, port));
  for (const family of ['inet', 'inet6'] as const) of({ kind: 'fwmark', family, mark: 1 });
}

/** @throws AssertionError where both differ, or something wanted was met by no history. A failing seed is printed, with the path to the history. */
export async function compare({ bed, hook, histories, explainedIn, wanted }: Comparison): Promise<void> {
  loadAllBuilds(bed);
  const met = new Set<string>();
  const explainer = new Explainer(bed);
  let [played, disturbed] = [0, 0];
  const playPair = async (each: Parameters<typeof play>[1]): Promise<void> => {
    const pair = new Pair(bed, hook, { explainer, oneIn: explainedIn });
    await play(pair, each);
    played++;
    disturbed += Number(pair.disturbed);
    for (const rule of pair.met()) met.add(rule);
  };
  try {
    // A failing history is not made small: each try waits for the timer, so that it takes more than the test's time, and the seed would not be printed.
    const { seed = Date.now() } = fc.readConfigureGlobal();
    for (let round = 0; round === 0 || (round < ROUNDS_MAX && wanted.some((each) => !met.has(each))); round++)
      await fc.assert(fc.asyncProperty(history, playPair), { seed: seed + round, numRuns: histories, endOnFailure: true, ...oneCase });
  } finally {
    explainer.close();
  }
  assert.ok(disturbed < played / 2, `${disturbed} of ${played} histories were held up by other processes`);
  assert.deepEqual(
    wanted.filter((each) => !met.has(each)),
    [],
    'met by no history',
  );
}
