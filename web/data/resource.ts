// Resources of the API, read again and again while something on the screen shows them. A hidden page reads nothing.
import { useEffect, useState } from 'preact/hooks';
import { areEventsOpen, type EventName, onEvent } from './event-stream.js';

/** What is slow to make is asked for less often: its time is at most this part of all time. */
const BUSY_PART = 10;

export interface Read<T> {
  /** undefined: not read yet. */
  readonly value: T | undefined;
  /** Why the last reading failed; the value is that of before. */
  readonly failure: string | undefined;
  /** When it was read, ms since 1970. */
  readonly at: number;
}

const UNREAD: Read<never> = { value: undefined, failure: undefined, at: 0 };

interface Problem {
  readonly title: string;
  readonly detail?: string;
}

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

const problemText = ({ title, detail }: Problem): string => (detail === undefined ? title : `${title} (${detail})`);

/** @throws Error with the title of the API's problem document */
export async function send<T>(path: string, init: RequestInit = {}): Promise<T> {
  const answer = await fetch(path, { credentials: 'same-origin', ...init });
  const text = await answer.text();
  if (answer.ok) return JSON.parse(text) as T;
  const isProblem = answer.headers.get('content-type')?.startsWith('application/problem+json') === true;
  throw new Error(isProblem ? problemText(JSON.parse(text) as Problem) : `${answer.status} ${text.trim()}`);
}

/** When something is read again. */
export interface Signs {
  /** After these events. */
  readonly after: readonly EventName[];
  /** By time, too, beside the stream: its numbers change without an event. */
  readonly isCounted?: true;
}

const NO_SIGNS: Signs = { after: [], isCounted: true };

/** What the stream of events is a sign of is read so seldom beside it. */
const BESIDE_EVENTS_MS = 30_000;

class Resource {
  read: Read<unknown> = UNREAD;
  readonly #listeners = new Set<() => void>();
  #timer: number | undefined;
  #isReading = false;
  /** Something happened while it was read. */
  #isDue = false;

  constructor(
    readonly path: string,
    readonly everyMs: number,
    readonly signs: Signs,
  ) {}

  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    if (this.#listeners.size === 1) void this.refresh();
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) window.clearTimeout(this.#timer);
    };
  }

  async refresh(): Promise<void> {
    window.clearTimeout(this.#timer);
    if (this.#listeners.size === 0 || document.hidden) return;
    if (this.#isReading) {
      this.#isDue = true;
      return;
    }
    this.#isReading = true;
    const begun = performance.now();
    try {
      this.read = { value: await send(this.path), failure: undefined, at: Date.now() };
    } catch (error) {
      this.read = { ...this.read, failure: messageOf(error) };
    }
    this.#isReading = false;
    if (this.#isDue) {
      this.#isDue = false;
      void this.refresh();
    }
    for (const listener of this.#listeners) listener();
    const every = this.signs.isCounted !== true && areEventsOpen() ? BESIDE_EVENTS_MS : this.everyMs;
    const pause = Math.max(every, (performance.now() - begun) * BUSY_PART);
    window.clearTimeout(this.#timer);
    if (this.#listeners.size > 0) this.#timer = window.setTimeout(() => void this.refresh(), pause);
  }
}

const resources = new Map<string, Resource>();

function resource(path: string, everyMs: number, signs: Signs): Resource {
  const known = resources.get(path);
  if (known !== undefined) return known;
  const made = new Resource(path, everyMs, signs);
  resources.set(path, made);
  return made;
}

document.addEventListener('visibilitychange', () => {
  for (const one of resources.values()) void one.refresh();
});

onEvent((event) => {
  // Lost events, and a stream that is open again, may have been about anything.
  for (const one of resources.values())
    if (event === 'reset' ? one.signs.after.length > 0 : one.signs.after.includes(event)) void one.refresh();
});

/** What is read of a resource, and the function that reads it again now. */
export function useResource<T>(path: string, everyMs: number, signs = NO_SIGNS): Read<T> & { readonly refresh: () => void } {
  const one = resource(path, everyMs, signs);
  const [, show] = useState(0);
  useEffect(() => one.listen(() => show((count) => count + 1)), [one]);
  return { ...(one.read as Read<T>), refresh: () => void one.refresh() };
}
