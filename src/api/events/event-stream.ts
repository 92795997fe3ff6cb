// The events for one client: from where it was, then as they come; a sign of life in between; and `reset` where some were lost.
import type { ApiEvent, EventRing } from './event-ring.js';

const HEARTBEAT_MS = 15_000;

/** How events are written. */
export interface EventForm {
  readonly type: string;
  text(event: ApiEvent): string;
  readonly heartbeat: string;
}

/** The last texts: all who wait get the same events. */
const KEPT_TEXTS = 8;

function writtenOnce(write: (event: ApiEvent) => string): (event: ApiEvent) => string {
  const texts = new Map<ApiEvent, string>();
  return (event) => {
    const known = texts.get(event);
    if (known !== undefined) return known;
    const text = write(event);
    texts.set(event, text);
    for (const [oldest] of texts) if (texts.size > KEPT_TEXTS) texts.delete(oldest);
    return text;
  };
}

export const SERVER_SENT: EventForm = {
  type: 'text/event-stream',
  text: writtenOnce(({ id, event, data }) => `id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`),
  heartbeat: ':\n\n',
};

export const LINES: EventForm = {
  type: 'application/x-ndjson',
  text: writtenOnce((event) => `${JSON.stringify(event)}\n`),
  heartbeat: '\n',
};

/** `lastId`: the last event that the client has; undefined: it wants those from now on. Ends when the client has gone. */
export async function* eventStream(
  ring: EventRing,
  form: EventForm,
  lastId: string | undefined,
  signal: AbortSignal,
): AsyncGenerator<string> {
  let at = lastId === undefined ? ring.last : ring.numberOf(lastId);
  // The first piece is sent immediately: the client knows that it is connected.
  yield form.heartbeat;
  while (!signal.aborted) {
    const found = at === undefined ? undefined : ring.after(at);
    at = ring.last;
    if (found === undefined)
      yield form.text({ id: `${ring.epoch}.${at}`, event: 'reset', data: { why: 'events were lost: read the state again' } });
    else if (found.length > 0) yield found.map(form.text).join('');
    else {
      await ring.next(signal, HEARTBEAT_MS);
      if (ring.last === at) yield form.heartbeat;
    }
  }
}
