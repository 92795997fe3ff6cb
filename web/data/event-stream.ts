// One stream of what happens on the director, while the page is seen: each event names what must be read again. A hidden page has none.

export const EVENT_NAMES = ['table', 'health', 'instance', 'bfd', 'drain', 'override', 'change', 'reset'] as const;
export type EventName = (typeof EVENT_NAMES)[number];

const listeners = new Set<(event: EventName) => void>();
let source: EventSource | undefined;
let isOpen = false;

/** While it is not, everything is read by time. */
export const areEventsOpen = (): boolean => isOpen;

export function onEvent(listener: (event: EventName) => void): void {
  listeners.add(listener);
}

function send(event: EventName): void {
  for (const listener of listeners) listener(event);
}

/** The browser connects again by itself, from the last event that it has. */
function open(): void {
  if (source !== undefined && source.readyState !== EventSource.CLOSED) return;
  source = new EventSource('/v1/events');
  source.addEventListener('open', () => {
    isOpen = true;
    send('reset');
  });
  source.addEventListener('error', () => {
    isOpen = false;
  });
  for (const name of EVENT_NAMES) source.addEventListener(name, () => send(name));
}

function follow(): void {
  if (!document.hidden) {
    open();
    return;
  }
  source?.close();
  source = undefined;
  isOpen = false;
}

document.addEventListener('visibilitychange', follow);
follow();
