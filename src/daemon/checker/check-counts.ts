// Counts the attempts of health checks, how long they took and how late they began, and publishes that for `weir metrics`: once a second at most, since a
// busy checker has thousands of attempts in that time.
import type { Answered, Attempt } from '../../control/check/messages.js';
import { type AttemptResult, type PublishedCheckKind, publishedCheckCounts } from '../../host/published-check-counts.js';
import { ClassCounts, timeClasses } from '../../model/class-counts.js';
import { CHECK_NAMES } from '../../model/keepalived/check-names.js';
import type { Log } from '../../model/log-level.js';
import { native } from '../../sys/addon.js';
import { monotonicUs } from '../../sys/clock.js';
import { startTime } from '../../sys/processes/child.js';
import { optionalWork } from '../process/optional-work.js';

const PAUSE_MS = 1000;
/** 1 ms to 5 s. */
const BOUNDS_US = [1000, 2500, 5000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000, 5_000_000] as const;

interface Kind {
  readonly results: Record<AttemptResult, number>;
  readonly durations: ClassCounts;
}

export class CheckCounts {
  readonly #kinds = new Map<string, Kind>();
  readonly #lateness = new ClassCounts(BOUNDS_US);
  /** Attempts under way, by number. */
  readonly #begun = new Map<number, { readonly kind: Kind; readonly atUs: number }>();
  readonly #cookie = String(native().netnsCookie());
  readonly #started = startTime(process.pid);
  readonly #attempt = optionalWork((reason) => this.log('debug', `the counts of checks are not published for weir metrics: ${reason}`));
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(readonly log: Log) {
    this.#attempt(() => publishedCheckCounts.sweep());
  }

  begun({ number, check }: Attempt, lateUs: number): void {
    this.#lateness.count(Math.max(0, lateUs));
    this.#begun.set(number, { kind: this.#kindOf(CHECK_NAMES[check.kind]), atUs: monotonicUs() });
  }

  ended(answered: readonly Answered[]): void {
    const nowUs = monotonicUs();
    for (const { attempt, outcome } of answered) {
      const begun = this.#take(attempt, outcome.kind);
      if (begun !== undefined && outcome.kind !== 'not-made') begun.kind.durations.count(nowUs - begun.atUs);
    }
  }

  abandoned(attempt: number): void {
    this.#take(attempt, 'abandoned');
  }

  #take(attempt: number, result: AttemptResult): { readonly kind: Kind; readonly atUs: number } | undefined {
    const begun = this.#begun.get(attempt);
    if (begun === undefined) return undefined;
    this.#begun.delete(attempt);
    begun.kind.results[result] += 1;
    if (!this.#closed) this.#timer ??= setTimeout(() => this.#publish(), PAUSE_MS);
    return begun;
  }

  #kindOf(name: string): Kind {
    const known = this.#kinds.get(name);
    if (known !== undefined) return known;
    const made: Kind = { results: { success: 0, failure: 0, 'not-made': 0, abandoned: 0 }, durations: new ClassCounts(BOUNDS_US) };
    this.#kinds.set(name, made);
    return made;
  }

  #publish(): void {
    this.#timer = undefined;
    const started = this.#started;
    if (started === undefined) return;
    const kinds = [...this.#kinds].map(
      ([check, { results, durations }]): PublishedCheckKind => ({ check, results, durations: timeClasses(durations) }),
    );
    const document = { pid: process.pid, started, daemon: process.ppid, kinds, lateness: timeClasses(this.#lateness) };
    this.#attempt(() => publishedCheckCounts.publish(this.#cookie, document));
  }

  /** What comes after it is not published. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#attempt(() => publishedCheckCounts.unpublish(this.#cookie, process.pid));
  }
}
