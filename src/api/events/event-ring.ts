// The last events of this process, for all who watch: each reads on from the last one that it has, at its own speed.

export interface ApiEvent {
  /** Rises within a process; the part before the dot is the process's own. */
  readonly id: string;
  readonly event: string;
  readonly data: unknown;
}

const EVENTS_MAX = 1000;
/** So many who wait are woken, then other requests have their turn. */
const WOKEN_TOGETHER = 20;

export class EventRing {
  readonly #events: ApiEvent[] = [];
  /** Of the next event. */
  #number = 1;
  readonly #waiting = new Set<() => void>();
  /** Those who waited for events that have come, and are woken next. */
  readonly #waking: (() => void)[] = [];

  /** `epoch`: what no other process has. */
  constructor(
    readonly epoch: string,
    readonly max = EVENTS_MAX,
  ) {}

  push(event: string, data: unknown): void {
    this.#events.push({ id: `${this.epoch}.${this.#number++}`, event, data });
    if (this.#events.length > this.max) this.#events.shift();
    const goesOn = this.#waking.length > 0;
    this.#waking.push(...this.#waiting);
    this.#waiting.clear();
    if (!goesOn) this.#wake();
  }

  #wake(): void {
    for (const wake of this.#waking.splice(0, WOKEN_TOGETHER)) wake();
    if (this.#waking.length > 0) setImmediate(() => this.#wake());
  }

  /** The number of the last event. */
  get last(): number {
    return this.#number - 1;
  }

  /** The number of an id; undefined: it is of another process, or none. */
  numberOf(id: string): number | undefined {
    const [epoch, digits = ''] = id.split('.');
    const number = /^\d{1,15}$/.test(digits) ? Number(digits) : Number.NaN;
    return epoch === this.epoch && number <= this.last ? number : undefined;
  }

  /** What came after the event with this number; undefined: some of it is not kept any more. */
  after(number: number): readonly ApiEvent[] | undefined {
    const missed = this.last - number;
    if (missed > this.#events.length) return undefined;
    return missed <= 0 ? [] : this.#events.slice(-missed);
  }

  /** Until there is an event, the client has gone, or some time has passed. */
  next(signal: AbortSignal, ms: number): Promise<void> {
    return new Promise((done) => {
      const wake = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(wake);
        signal.removeEventListener('abort', wake);
        done();
      };
      const timer = setTimeout(wake, ms);
      this.#waiting.add(wake);
      signal.addEventListener('abort', wake);
      if (signal.aborted) wake();
    });
  }
}
