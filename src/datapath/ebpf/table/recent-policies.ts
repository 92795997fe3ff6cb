// The policies of IPsec, read again only after a while: a restore adds thousands of destinations one by one, and to read them takes longer than that.

/** Less than a daemon waits after a change of policies before it corrects the marks (IPSEC_DELAY_MS): it sees what was marked by older ones. */
const AGE_MAX_MS = 100;

export class Recent<T> {
  #policies: T | undefined;
  #readAt = Number.NEGATIVE_INFINITY;

  constructor(
    readonly read: () => T,
    readonly now: () => number = () => performance.now(),
  ) {}

  /** As they were at most AGE_MAX_MS ago. */
  get(): T {
    const now = this.now();
    if (this.#policies === undefined || now - this.#readAt > AGE_MAX_MS) {
      this.#policies = this.read();
      this.#readAt = now;
    }
    return this.#policies;
  }
}
