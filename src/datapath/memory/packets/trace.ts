// What the rules report of a packet to who asks why it went where it did. Without a listener nothing is made.
import type { Candidates } from '../../schedule/scheduler.js';
import type { Connection } from './connection.js';
import type { DestinationRecord, ServiceRecord } from './records.js';
import type { Template } from './template.js';

/** In the order in which the rules come to it; `counted` reasons and the next hops are seen by the table and the environment. */
export type TraceEvent =
  /** The packet is for the service, which may be one that was removed. */
  | { readonly kind: 'service'; readonly service: ServiceRecord }
  /** The connection that it belongs to. `use`: it goes on, the packet begins another one in its place, or its destination was removed. */
  | { readonly kind: 'connection'; readonly connection: Connection; readonly use: 'goes on' | 'replaced' | 'destination removed' }
  /** A masqueraded server's packet: `client` is who gets it. */
  | { readonly kind: 'reply'; readonly connection: Connection }
  /** The template of the client. `leads`: to its destination; else it has none that may be used. */
  | { readonly kind: 'template'; readonly template: Template; readonly leads: boolean }
  /** What the scheduler chose. `list`: the service's as it was then. */
  | {
      readonly kind: 'scheduled';
      readonly service: ServiceRecord;
      readonly list: Candidates;
      readonly chosen: DestinationRecord | undefined;
    }
  /** It begins a connection. `kept`: in the table; one-packet scheduling keeps none. */
  | { readonly kind: 'begun'; readonly connection: Connection; readonly kept: boolean };

export type Trace = (event: TraceEvent) => void;
