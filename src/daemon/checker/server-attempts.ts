// Counts the attempts of each server's health checks, with the last one's outcome, and publishes that for metrics and the control API: once a second at
// most. There are as many as servers are configured.

import { type AttemptOwner, attemptOwners } from '../../control/check/attempt-owners.js';
import type { Answered, Attempt, Outcome } from '../../control/check/messages.js';
import { shownFailure } from '../../control/check/shown-failure.js';
import type { CheckMachine } from '../../control/check/state.js';
import { type LastAttempt, type PublishedServerAttempts, publishedAttempts } from '../../host/published-attempts.js';
import type { AttemptResult } from '../../host/published-check-counts.js';
import { CHECK_NAMES } from '../../model/keepalived/check-names.js';
import type { Log } from '../../model/log-level.js';
import type { Pieces } from '../../model/pieces.js';
import { monotonicUs } from '../../sys/clock.js';
import { SteppedPublisher } from './stepped-publisher.js';

const PAUSE_MS = 1000;
/** So many servers are written in one turn of the event loop. */
const SERVERS_A_TURN = 250;
/** Of the text of an outcome, which a script or a server may have made long. */
const TEXT_MAX = 200;

interface Begun {
  readonly owners: readonly AttemptOwner[];
  readonly check: string;
  readonly atUs: number;
}

type Counted = Omit<PublishedServerAttempts, 'results'> & { readonly results: Record<AttemptResult, number> };

const idOf = ({ virtual, server }: AttemptOwner): string => `${virtual} ${server}`;

function textOf(outcome: Outcome): string {
  const text = outcome.kind === 'failure' ? shownFailure(outcome) : (outcome.text ?? '');
  return text.slice(0, TEXT_MAX);
}

export class ServerAttempts {
  /** Attempts under way, by number. */
  readonly #begun = new Map<number, Begun>();
  readonly #servers = new Map<string, Counted>();
  readonly #publisher: SteppedPublisher;

  constructor(
    readonly current: () => CheckMachine,
    log: Log,
  ) {
    const what = 'the attempts of checks';
    this.#publisher = new SteppedPublisher({ publication: publishedAttempts, texts: () => this.#texts(), pauseMs: PAUSE_MS, what }, log);
  }

  begun({ number, checker, check }: Attempt): void {
    this.#begun.set(number, { owners: attemptOwners(this.current(), checker), check: CHECK_NAMES[check.kind], atUs: monotonicUs() });
  }

  ended(answered: readonly Answered[]): void {
    for (const { attempt, outcome } of answered) this.#count(attempt, outcome.kind, textOf(outcome));
  }

  abandoned(attempt: number): void {
    this.#count(attempt, 'abandoned', '');
  }

  #count(attempt: number, result: AttemptResult, text: string): void {
    const begun = this.#begun.get(attempt);
    if (begun === undefined) return;
    this.#begun.delete(attempt);
    const tookUs = Math.round(monotonicUs() - begun.atUs);
    const last: LastAttempt = { check: begun.check, result, text, atUs: Date.now() * 1000, tookUs };
    for (const owner of begun.owners) {
      const { results = { success: 0, failure: 0, 'not-made': 0, abandoned: 0 } } = this.#servers.get(idOf(owner)) ?? {};
      results[result] += 1;
      this.#servers.set(idOf(owner), { ...owner, results, last });
    }
    this.#publisher.publishSoon();
  }

  /** After a reload: what is configured no more is forgotten. */
  keepConfigured(configured: Iterable<AttemptOwner>): void {
    const ids = new Set<string>();
    for (const owner of configured) ids.add(idOf(owner));
    for (const id of this.#servers.keys()) {
      if (ids.has(id)) continue;
      this.#servers.delete(id);
      this.#publisher.publishSoon();
    }
  }

  *#texts(): Pieces<readonly string[]> {
    const texts: string[] = [];
    for (const server of [...this.#servers.values()]) {
      if (texts.length > 0 && texts.length % SERVERS_A_TURN === 0) yield;
      texts.push(JSON.stringify(server));
    }
    return texts;
  }

  /** What comes after it is not published. */
  close(): void {
    this.#publisher.close();
  }
}
