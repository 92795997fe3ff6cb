// Makes a history from a seed.
import { mix, randomFrom } from '../random.js';
import { configurationOf } from './configuration.js';
import { episodesOf } from './episodes.js';
import type { Configuration, History } from './history.js';
import { settleUs } from './invariants/bounds.js';

function configurations(history: Pick<History, 'configuration' | 'events'>): readonly Configuration[] {
  const reloads = history.events.flatMap(({ what }) => (what.kind === 'reload' ? [what.configuration] : []));
  return [history.configuration, ...reloads];
}

/** The history of a seed is always the same. */
export function historyOf(seed: number): History {
  const random = randomFrom(mix(seed, 0xc4ec));
  const configuration = configurationOf(random);
  const restlessUs = random.between(5, 80) * 1_000_000;
  const events = episodesOf(random, configuration, restlessUs);
  const lateUs = random.pick([100, 100, 5_000, 50_000]);
  const settled = Math.max(...configurations({ configuration, events }).map((one) => settleUs(one, lateUs)));
  const refused = events.some(({ what }) => what.kind === 'refuse');
  return {
    seed,
    configuration,
    events,
    calmFromUs: restlessUs,
    // A refused service is tried again after a minute at most.
    endUs: restlessUs + settled + (refused ? 65_000_000 : 0) + 5_000_000,
    lateUs,
    turnUs: random.pick([1, 1, 1_000, 20_000]),
    clockUs: random.between(1, 1_000_000) * 1_000_000,
  };
}
