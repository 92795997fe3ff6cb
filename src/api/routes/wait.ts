// A request that waits (long polling): until something is so, for a time, or until its client has gone.
import type { ApiSources } from '../sources.js';

/** Less than a connection may be idle. */
export const WAIT_MAX_S = 50;
/** What no event is sent of is looked at so often. */
const LOOK_MS = 1000;
const SECOND_MS = 1000;

interface Waiting {
  readonly sources: Pick<ApiSources, 'monotonicUs' | 'events'>;
  readonly signal: AbortSignal;
  readonly seconds: number;
}

/** Looks at each event, and once a second. */
export async function waitUntil(isSo: () => boolean, { sources, signal, seconds }: Waiting): Promise<void> {
  const nowMs = (): number => sources.monotonicUs() / 1000;
  const untilMs = nowMs() + seconds * SECOND_MS;
  while (!signal.aborted && !isSo()) {
    const leftMs = untilMs - nowMs();
    if (leftMs <= 0) return;
    await sources.events.next(signal, Math.min(leftMs, LOOK_MS));
  }
}
