// Publishes the health of servers for `weir status`: soon after it changed, and never so often that writing it is most of the work.
import { type RealHealth, realHealthOf, virtualHealthOf } from '../../control/check/health.js';
import type { CheckMachine } from '../../control/check/state.js';
import { itemsOf } from '../../control/timed-list.js';
import { jsonWithList } from '../../host/publication.js';
import { type PublishedServer, publishedChecks } from '../../host/published-checks.js';
import type { Log } from '../../model/log-level.js';
import { native } from '../../sys/addon.js';
import { monotonicUs } from '../../sys/clock.js';
import { startTime } from '../../sys/processes/child.js';
import { optionalWork } from '../process/optional-work.js';

const GATHER_MS = 50;
/** The pause after a write lasts so many times as long as the write. */
const PAUSE_PER_WRITE = 20;

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
export function* publishedTexts({ servers, checkers }: CheckMachine): Generator<void, readonly string[]> {
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

export class CheckPublisher {
  readonly #cookie = String(native().netnsCookie());
  readonly #started = startTime(process.pid);
  #timer: NodeJS.Timeout | undefined;
  #pauseMs = GATHER_MS;
  /** The document that is being made. */
  #texts: Generator<void, readonly string[]> | undefined;
  /** How long it has taken so far. */
  #workedMs = 0;
  /** Something changed meanwhile. */
  #isOld = false;
  readonly #attempt = optionalWork((reason) => this.log('debug', `the health of servers is not published for weir status: ${reason}`));
  #closed = false;

  constructor(
    readonly current: () => CheckMachine,
    readonly log: Log,
  ) {
    this.#attempt(() => publishedChecks.sweep());
  }

  /** To be called after each change. */
  publishSoon(): void {
    if (this.#texts !== undefined) this.#isOld = true;
    else if (!this.#closed) this.#timer ??= setTimeout(() => this.#begin(), this.#pauseMs);
  }

  #begin(): void {
    this.#timer = undefined;
    this.#workedMs = 0;
    this.#isOld = false;
    this.#texts = publishedTexts(this.current());
    this.#goOn();
  }

  #goOn(): void {
    if (this.#texts === undefined) return;
    const begunUs = monotonicUs();
    const { done, value } = this.#texts.next();
    if (done === true) this.#write(value);
    this.#workedMs += (monotonicUs() - begunUs) / 1000;
    if (done === true) this.#end();
    else setImmediate(() => this.#goOn());
  }

  #end(): void {
    this.#texts = undefined;
    this.#pauseMs = Math.max(GATHER_MS, this.#workedMs * PAUSE_PER_WRITE);
    if (this.#isOld) this.publishSoon();
  }

  #write(texts: readonly string[]): void {
    this.#attempt(() => {
      if (this.#started === undefined) return;
      publishedChecks.publishItems(this.#cookie, { pid: process.pid, started: this.#started, daemon: process.ppid }, texts);
    });
  }

  /** What changes after it is not published. */
  close(): void {
    this.#closed = true;
    this.#texts = undefined;
    clearTimeout(this.#timer);
    this.#attempt(() => publishedChecks.unpublish(this.#cookie, process.pid));
  }
}
