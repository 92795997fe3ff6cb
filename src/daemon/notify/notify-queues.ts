// The notify scripts of one process: a queue for each of those that events are about, and the end of all of them.
import type { Log } from '../../model/log-level.js';
import { NotifyQueue, type NotifyRun, TURN_MAX_MS } from './notify-queue.js';

/** keepalived waits so long for scripts at stop. */
const STOP_MS = 1000;
/** From then on all that still wait run beside those that hold them up, so that the last script runs whatever hangs before it. */
const STOP_ORDERED_MS = 500;

export class NotifyQueues {
  readonly #queues = new Map<string, NotifyQueue>();

  constructor(
    readonly log: Log,
    readonly turnMaxMs = TURN_MAX_MS,
  ) {}

  /** Never waits. `name`: of what the event is about, for the log; `key`: its queue. */
  add(key: string, name: string, runs: readonly NotifyRun[]): void {
    const queue = this.#queues.get(key) ?? new NotifyQueue(name, this.log, this.turnMaxMs);
    this.#queues.set(key, queue);
    queue.add(runs);
  }

  /** Waits until all scripts have run, a second at most; then those that run are asked to end. */
  async close(): Promise<void> {
    const began = performance.now();
    await this.#ended(began + STOP_ORDERED_MS);
    for (const queue of this.#queues.values()) queue.startAll();
    await this.#ended(began + STOP_MS);
    for (const queue of this.#queues.values()) queue.end();
  }

  /** Until nothing runs any more, or that time of the monotonic clock has come. */
  async #ended(until: number): Promise<void> {
    for (;;) {
      const all = [...this.#queues.values()].flatMap((queue) => queue.running());
      if (all.length === 0 || performance.now() >= until) return;
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((done) => {
        timer = setTimeout(done, until - performance.now());
      });
      await Promise.race([Promise.race(all), late]);
      clearTimeout(timer);
      await Promise.resolve();
    }
  }
}
