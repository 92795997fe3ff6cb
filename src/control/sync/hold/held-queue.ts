// First packets of new connections that are held back: which of them goes on when. Pure.
import type { HoldStatus } from '../../../model/stream-node.js';

type ReleaseReason = keyof HoldStatus['released'];
export type HeldCounts = Omit<HoldStatus, 'boundMs' | 'failed'>;

/** Packets that wait. */
const ROOM = 256;
/** Where there was no room, or one waited for so much longer than the bound, nothing is held back for a while: the process does not keep up with them. */
const LATE_MS = 20;
const PAUSE_MS = 1000;
/** The process has hung for so long. Clients of TCP have sent such a packet again, and what is older may be of a client that is gone. */
export const STALE_MS = 1000;

interface Waiting<T> {
  readonly packet: T;
  readonly since: number;
}

export class HeldQueue<T> {
  /** In the order of their times. */
  #waiting: Waiting<T>[] = [];
  #held = 0;
  readonly #released: Record<ReleaseReason, number> = { acknowledged: 0, bound: 0, full: 0, alone: 0 };
  #waitedMs = 0;
  #longestMs = 0;
  #stale = 0;
  #pausedUntil = Number.NEGATIVE_INFINITY;

  /** `release`: lets a packet go on. */
  constructor(
    readonly boundMs: number,
    readonly release: (packet: T) => void,
    readonly room = ROOM,
  ) {}

  get counts(): HeldCounts {
    return { held: this.#held, released: { ...this.#released }, waitedMs: this.#waitedMs, longestMs: this.#longestMs };
  }

  /** Packets that were dropped: they had waited for longer than STALE_MS. */
  get stale(): number {
    return this.#stale;
  }

  /** Its connection is in the tables. `now`: no earlier than that of the call before. */
  hold(packet: T, now: number): void {
    this.#held += 1;
    const waiting = { packet, since: now };
    if (this.#waiting.length < this.room) {
      this.#waiting.push(waiting);
      return;
    }
    this.#pausedUntil = now + PAUSE_MS;
    this.#letGo([waiting], 'full', now);
  }

  /** Is nothing more to be held back for now? */
  isPaused(now: number): boolean {
    return now < this.#pausedUntil;
  }

  /** When the first of them has waited for long enough; undefined: none waits. */
  get dueAt(): number | undefined {
    const [first] = this.#waiting;
    return first && first.since + this.boundMs;
  }

  /** `known`: for each peer that can take connections the moment before which it knows all that was in the tables. */
  look(known: readonly number[], now: number): void {
    if (known.length === 0) this.#upTo(this.#waiting.length, 'alone', now);
    const until = Math.min(...known);
    this.#upTo(
      this.#count(({ since }) => since < until),
      'acknowledged',
      now,
    );
    this.#upTo(
      this.#count(({ since }) => since + this.boundMs <= now),
      'bound',
      now,
    );
  }

  #count(isDone: (waiting: Waiting<T>) => boolean): number {
    const first = this.#waiting.findIndex((waiting) => !isDone(waiting));
    return first < 0 ? this.#waiting.length : first;
  }

  #upTo(count: number, reason: ReleaseReason, now: number): void {
    if (count > 0) this.#letGo(this.#waiting.splice(0, count), reason, now);
  }

  #letGo(packets: readonly Waiting<T>[], reason: ReleaseReason, now: number): void {
    for (const { packet, since } of packets) {
      if (now - since > this.boundMs + LATE_MS) this.#pausedUntil = now + PAUSE_MS;
      if (now - since > STALE_MS) {
        this.#stale += 1;
        continue;
      }
      this.#released[reason] += 1;
      this.#waitedMs += now - since;
      this.#longestMs = Math.max(this.#longestMs, now - since);
      this.release(packet);
    }
  }
}
