// An owning descriptor: its owner closes it once. Open ones are counted, so that a test can fail on a leak.
import { WeirError } from '../model/errors/weir-error.js';
import { native } from './addon.js';

/**
 * Without gaps. No Set: V8 lets each table that a Set outgrew point to the next one, so that with thousands of descriptors a second all of
 * them, once one is old, would wait for a full garbage collection.
 */
const open: Fd[] = [];

/** The descriptors that are open now, and their use. A test compares before and after. */
export function openFds(): readonly string[] {
  return open.map((fd) => `${fd.what} (${fd.number})`);
}

export class Fd {
  #number: number;
  /** In `open`. */
  #place: number;

  /** Takes ownership of an open descriptor. `what` stands in messages: the path, the name of the map. */
  constructor(
    number: number,
    readonly what: string,
  ) {
    this.#number = number;
    this.#place = open.push(this) - 1;
  }

  /** @throws Error when it was closed */
  get number(): number {
    if (this.#number < 0) throw new WeirError('descriptor-closed', { what: this.what });
    return this.#number;
  }

  get isOpen(): boolean {
    return this.#number >= 0;
  }

  /** Closing twice does nothing. */
  close(): void {
    const number = this.#number;
    if (number < 0) return;
    this.#forget();
    native().close(number);
  }

  /** The last one takes its place. */
  #forget(): void {
    this.#number = -1;
    const last = open.pop();
    if (last === undefined || last === this) return;
    open[this.#place] = last;
    last.#place = this.#place;
  }

  /** Gives the ownership to the caller; the descriptor stays open. */
  release(): number {
    const number = this.number;
    this.#forget();
    return number;
  }
}

/** Runs `work` with `fd`, and closes `fd` only where `work` throws: the steps between opening and handing over. */
export function closeOnError<T, F extends { close(): void }>(fd: F, work: (fd: F) => T): T {
  try {
    return work(fd);
  } catch (error) {
    fd.close();
    throw error;
  }
}

/** Runs `work` with `fd` and closes `fd` afterwards, also when `work` throws. */
export function using<T, F extends { close(): void }>(fd: F, work: (fd: F) => T): T {
  try {
    return work(fd);
  } finally {
    fd.close();
  }
}
