// Publishes the health of servers for `weir status`: soon after it changed, and never so often that writing it is most of the work.

import { type RealHealth, realHealthOf, virtualHealthOf } from '../../control/check/health.js';
import type { CheckMachine } from '../../control/check/state.js';
import { itemsOf } from '../../control/timed-list.js';
import { jsonWithList } from '../../host/publication.js';
import { type PublishedServer, publishedChecks } from '../../host/published-checks.js';
import type { Log } from '../../model/log-level.js';
import type { Pieces } from '../../model/pieces.js';
import { monotonicUs } from '../../sys/clock.js';
import { SteppedPublisher } from './stepped-publisher.js';

const GATHER_MS = 50;

/** So many real servers are looked at in one turn of the event loop: checks begin in between. */
const REALS_A_TURN = 100;

const onWallClock = (sinceUs: number | undefined, offsetUs: number): number => (sinceUs === undefined ? 0 : Math.round(sinceUs + offsetUs));

function publishedReal(real: RealHealth, offsetUs: number): PublishedServer['reals'][number] {
  return {
    ...real,
    sinceUs: onWallClock(real.sinceUs, offsetUs),
    failed: real.failed.map((one) => ({ ...one, sinceUs: onWallClock(one.sinceUs, offsetUs) })),
  };
}

/** The JSON of each virtual server (PublishedServer), all of the same moment, made in steps. */
export function* publishedTexts({ servers, checkers }: CheckMachine): Pieces<readonly string[]> {
  const offsetUs = Date.now() * 1000 - monotonicUs();
  const all = itemsOf(checkers);
  const texts: string[] = [];
  let looked = 0;
  for (const server of servers) {
    const reals: RealHealth[] = [];
    const realTexts: string[] = [];
    for (const real of server.reals) {
      if (looked === REALS_A_TURN) yield;
      looked = looked === REALS_A_TURN ? 1 : looked + 1;
      const health = realHealthOf(real, all.slice(real.firstChecker, real.firstChecker + real.checkerCount));
      reals.push(health);
      realTexts.push(JSON.stringify(publishedReal(health, offsetUs)));
    }
    texts.push(jsonWithList(virtualHealthOf(server, reals), 'reals', realTexts));
  }
  return texts;
}

export class CheckPublisher extends SteppedPublisher {
  constructor(current: () => CheckMachine, log: Log) {
    super({ publication: publishedChecks, texts: () => publishedTexts(current()), pauseMs: GATHER_MS, what: 'the health of servers' }, log);
  }
}
