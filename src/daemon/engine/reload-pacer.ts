// How often an engine that follows by reloads alone is reloaded: each reload leaves processes that last as long as their connections.

const URGENT_MS = 2000;
const WEIGHTS_MS = 30_000;

export class ReloadPacer {
  #timer: NodeJS.Timeout | undefined;
  #dueAt = Number.POSITIVE_INFINITY;
  #lastAt = Number.NEGATIVE_INFINITY;

  constructor(
    readonly reload: () => void,
    readonly now: () => number = () => performance.now(),
  ) {}

  /** `isUrgent`: a server went down or came back; otherwise weights moved. */
  want(isUrgent: boolean): void {
    const dueAt = Math.max(this.now(), this.#lastAt + (isUrgent ? URGENT_MS : WEIGHTS_MS));
    if (dueAt >= this.#dueAt) return;
    this.#dueAt = dueAt;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#run(), Math.max(0, dueAt - this.now()));
  }

  /** It was reloaded for another reason, with everything. */
  done(): void {
    clearTimeout(this.#timer);
    this.#dueAt = Number.POSITIVE_INFINITY;
    this.#lastAt = this.now();
  }

  #run(): void {
    this.done();
    this.reload();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#dueAt = Number.NEGATIVE_INFINITY;
  }
}
