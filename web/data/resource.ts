// Resources of the API, read again and again while something on the screen shows them. A hidden page reads nothing.
import { useEffect, useState } from 'preact/hooks';

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

/** @throws Error with the title of the API's problem document */
export async function send<T>(path: string, init: RequestInit = {}): Promise<T> {
  const answer = await fetch(path, { credentials: 'same-origin', ...init });
  const text = await answer.text();
  if (answer.ok) return JSON.parse(text) as T;
  const isProblem = answer.headers.get('content-type')?.startsWith('application/problem+json') === true;
  throw new Error(isProblem ? (JSON.parse(text) as { readonly title: string }).title : `${answer.status} ${text.trim()}`);
}

class Resource {
  read: Read<unknown> = UNREAD;
  readonly #listeners = new Set<() => void>();
  #timer: number | undefined;
  #isReading = false;

  constructor(
    readonly path: string,
    readonly everyMs: number,
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
    if (this.#isReading || this.#listeners.size === 0 || document.hidden) return;
    this.#isReading = true;
    const begun = performance.now();
    try {
      this.read = { value: await send(this.path), failure: undefined, at: Date.now() };
    } catch (error) {
      this.read = { ...this.read, failure: error instanceof Error ? error.message : String(error) };
    }
    this.#isReading = false;
    for (const listener of this.#listeners) listener();
    const pause = Math.max(this.everyMs, (performance.now() - begun) * BUSY_PART);
    if (this.#listeners.size > 0) this.#timer = window.setTimeout(() => void this.refresh(), pause);
  }
}

const resources = new Map<string, Resource>();

function resource(path: string, everyMs: number): Resource {
  const known = resources.get(path);
  if (known !== undefined) return known;
  const made = new Resource(path, everyMs);
  resources.set(path, made);
  return made;
}

document.addEventListener('visibilitychange', () => {
  for (const one of resources.values()) void one.refresh();
});

/** What is read of a resource, and the function that reads it again now. */
export function useResource<T>(path: string, everyMs: number): Read<T> & { readonly refresh: () => void } {
  const one = resource(path, everyMs);
  const [, show] = useState(0);
  useEffect(() => one.listen(() => show((count) => count + 1)), [one]);
  return { ...(one.read as Read<T>), refresh: () => void one.refresh() };
}
