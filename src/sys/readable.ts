// Callbacks from the event loop while a descriptor can be read.
import { native } from './addon.js';
import type { PollHandle } from './native.js';

/** There is something to read (man 2 poll). */
export const POLLIN = 1;

export interface Watch {
  /** Stopping twice does nothing. The descriptor stays open. */
  stop(): void;
}

/** Calls `work` while `fd` can be read. What `work` throws ends the process, as any uncaught error does. */
export function whenReadable(fd: number, work: () => void): Watch {
  const handle: PollHandle = native().pollStart(fd, POLLIN, work);
  return { stop: () => native().pollStop(handle) };
}
