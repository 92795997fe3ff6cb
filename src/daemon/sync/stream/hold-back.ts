// Holds back first packets of new connections until the peers have these: reads them from the datapath's ring, hurries the sessions, and lets each go on
// when all peers have acknowledged its connection, or after a bounded time. The datapath holds nothing back unless it is asked to all the time.
import { type HeldCounts, HeldQueue, STALE_MS } from '../../../control/sync/hold/held-queue.js';
import { type HeldFrame, HeldPackets } from '../../../datapath/ebpf/sync/held-packets.js';
import { isSystemError } from '../../../sys/errno.js';
import type { Outgoing } from './outgoing.js';

/** Several times in the time for which the datapath holds back without being asked again. */
const RENEW_MS = 10;

export interface HoldOptions {
  /** Milliseconds; no packet waits longer. */
  readonly boundMs: number;
  /** Of the pins; undefined: nothing is loaded. */
  readonly folder: () => string | undefined;
  readonly peers: () => readonly Pick<Outgoing, 'knownUntil' | 'hurry'>[];
  readonly now: () => number;
  readonly log: (text: string) => void;
}

export class HoldBack {
  readonly #queue: HeldQueue<HeldFrame>;
  readonly #renewal: NodeJS.Timeout;
  #packets: HeldPackets | undefined;
  #timer: NodeJS.Timeout | undefined;
  #failed = 0;
  /** When this process looked last. */
  #lookedAt: number;

  constructor(readonly options: HoldOptions) {
    this.#queue = new HeldQueue(options.boundMs, (held) => this.#packets?.release(held));
    this.#lookedAt = options.now();
    this.open();
    this.#renewal = setInterval(() => this.#renew(), RENEW_MS);
  }

  get counts(): HeldCounts & { readonly failed: number } {
    return { ...this.#queue.counts, failed: this.#failed + this.#queue.stale + (this.#packets?.failed ?? 0) };
  }

  /** The tables are others now. */
  open(): void {
    this.#close();
    const folder = this.options.folder();
    if (folder === undefined) return;
    try {
      this.#packets = new HeldPackets(folder);
      this.#drop(); // of a process before this one; of what age is not known
      this.#packets.watch(() => this.#arrived());
    } catch (error) {
      if (!isSystemError(error)) throw error;
      this.options.log(`new connections are not held back: ${error.message}`);
    }
  }

  /** A peer has acknowledged more, or its session has begun or ended. */
  look(): void {
    const { now, peers } = this.options;
    this.#queue.look(
      peers().flatMap(({ knownUntil }) => knownUntil ?? []),
      now(),
    );
    this.#wait();
  }

  /** What is held back goes on. */
  stop(): void {
    clearInterval(this.#renewal);
    this.#close();
  }

  #close(): void {
    const packets = this.#packets;
    if (packets === undefined) return;
    packets.end();
    packets.take((held) => this.#queue.hold(held, this.options.now()));
    this.#queue.look([], this.options.now());
    clearTimeout(this.#timer);
    packets.close();
    this.#failed += packets.failed;
    this.#packets = undefined;
  }

  #drop(): void {
    this.#packets?.take(() => {
      this.#failed += 1;
    });
  }

  /** After a pause of this process, what stands in the ring is as old: it was not renewed meanwhile. */
  #awake(): void {
    const at = this.options.now();
    if (at - this.#lookedAt > STALE_MS) this.#drop();
    this.#lookedAt = at;
  }

  #arrived(): void {
    const { now, peers } = this.options;
    this.#awake();
    const at = now();
    this.#packets?.take((held) => this.#queue.hold(held, at));
    this.#renew();
    for (const peer of peers()) peer.hurry();
    this.look();
  }

  /** With no peer that could have a connection there is nothing to wait for. */
  #renew(): void {
    const { now, peers } = this.options;
    this.#awake();
    if (!this.#queue.isPaused(now()) && peers().some(({ knownUntil }) => knownUntil !== undefined)) this.#packets?.renew();
    else this.#packets?.end();
  }

  #wait(): void {
    clearTimeout(this.#timer);
    const due = this.#queue.dueAt;
    if (due !== undefined) this.#timer = setTimeout(() => this.look(), Math.max(0, due - this.options.now()));
  }
}
