// Keeps one socket filter up to date: makes it when it is first needed, replaces it when it is too small, and gives it up for good where
// the kernel refuses it. Reports once a second what it dropped.
import { hasCode, isSystemError } from '../../sys/errno.js';
import type { FilterCounts } from './filter-account.js';
import type { Filterable } from './socket-filter.js';

const REPORT_MS = 1000;

export interface Filter<W, R extends string> {
  /** False: there is no room for all this, another filter is needed. */
  readonly configure: (wanted: W) => boolean;
  readonly attach: (socket: Filterable) => void;
  readonly takeCounts: () => readonly FilterCounts<R>[];
  readonly close: () => void;
}

export interface FilterKeeperOptions<W, R extends string> {
  readonly make: (wanted: W) => Filter<W, R>;
  /** The sockets that have it. */
  readonly sockets: () => readonly Filterable[];
  readonly report: (dropped: FilterCounts<R>) => void;
  /** Called once: without a filter everything works, but floods cost more. */
  readonly refused: (why: string) => void;
}

export class FilterKeeper<W, R extends string> {
  #filter: Filter<W, R> | undefined;
  #refused = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(readonly tools: FilterKeeperOptions<W, R>) {}

  configure(wanted: W): void {
    this.#attempt(() => {
      const before = this.#filter;
      if (before?.configure(wanted) === true) return;
      const filter = this.tools.make(wanted);
      this.#filter = filter;
      if (!filter.configure(wanted)) throw new Error('the filter is too small for what it was made for');
      this.tools.sockets().forEach((socket) => filter.attach(socket));
      this.#report(before);
      before?.close();
      this.#timer ??= setInterval(() => this.#report(this.#filter), REPORT_MS);
    });
  }

  /** For a new socket, after `configure` for it. */
  attach(socket: Filterable): void {
    this.#attempt(() => this.#filter?.attach(socket));
  }

  #attempt(work: () => void): void {
    if (this.#refused) return;
    try {
      work();
    } catch (error) {
      this.#refused = true;
      // A filter with the old configuration would drop what is new.
      this.tools.sockets().forEach(letGo);
      this.tools.refused(isSystemError(error) || error instanceof Error ? error.message : String(error));
    }
  }

  #report(filter: Filter<W, R> | undefined): void {
    filter?.takeCounts().forEach(this.tools.report);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#filter?.close();
    this.#filter = undefined;
  }
}

function letGo(socket: Filterable): void {
  try {
    socket.detachFilter();
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error;
  }
}
