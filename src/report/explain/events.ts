// What the rules reported of a packet, by kind.
import type { TraceEvent } from '../../datapath/memory/packets/trace.js';

export type EventOf<K extends TraceEvent['kind']> = Extract<TraceEvent, { readonly kind: K }>;

/** The last one of a kind: a packet for a service may come to one that is older. */
export function lastOf<K extends TraceEvent['kind']>(events: readonly TraceEvent[], kind: K): EventOf<K> | undefined {
  return events.findLast((event): event is EventOf<K> => event.kind === kind);
}
