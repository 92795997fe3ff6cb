// Which connection gives way to a new one where no slot is free: by class, then the new connection's own protocol, then the one that
// expires first.
import type { Connection } from './connection.js';
import type { Reason } from './reason.js';
import type { Settings } from './settings.js';
import { UDP } from './state.js';

/** The order in which they give way; `never` does not. */
const CLASSES = ['closed', 'half open', 'half closed', 'unproven', 'young', 'new', 'idle', 'one-sided', 'never'] as const;
export type EvictionClass = (typeof CLASSES)[number];

/** Seconds without a packet; the others need none. */
const IDLE_SECONDS: Readonly<Partial<Record<EvictionClass, number>>> = { 'half open': 1, 'half closed': 2, unproven: 2, idle: 60 };

/** Of an established connection of which no packet of the server was seen. */
const ONE_SIDED_IDLE_SECONDS = 10;

function classByState({ state, proven }: Evictable): EvictionClass {
  switch (state) {
    case 'SYN_SENT':
    case 'SYN_RECV':
    case 'SYNACK':
    case 'LISTEN':
    case 'INIT1':
    case 'INIT':
    case 'C-SENT':
    case 'C-REPLIED':
    case 'C-WAIT':
    case 'COOKIE':
    case 'C-ECHOED':
      return 'half open';
    case 'FIN_WAIT':
    case 'CLOSE_WAIT':
    case 'S-SENT':
    case 'S-RECEIVED':
    case 'S-ACK-SENT':
      return 'half closed';
    case 'ESTABLISHED':
      return proven ? 'idle' : 'unproven';
    case UDP:
      return proven ? 'unproven' : 'half open';
    default:
      return 'closed';
  }
}

/** What of a connection decides. */
export type Evictable = Pick<Connection, 'state' | 'proven' | 'noOutput' | 'protocol' | 'expires'>;

export function evictionClass(settings: Settings, connection: Evictable, now: number): EvictionClass {
  const found = classByState(connection);
  if (found === 'closed') return found;
  const idle = settings.timeoutOf(connection.state, connection.protocol) - (connection.expires - now);
  if (idle >= settings.unitsPerSecond * (IDLE_SECONDS[found] ?? 0)) return found;
  if (found === 'idle' && connection.noOutput && idle >= settings.unitsPerSecond * ONE_SIDED_IDLE_SECONDS) return 'one-sided';
  if (found !== 'half open') return 'never';
  return idle * 2 >= settings.unitsPerSecond ? 'young' : 'new';
}

export interface Candidate {
  readonly slot: number;
  readonly connection: Connection;
  readonly class: EvictionClass;
}

/** What a probe of a full table may end at, without a look at the further buckets: what a flood makes, and what is over. */
const SETTLING: ReadonlySet<EvictionClass> = new Set(['closed', 'half open', 'young']);

/** Does one of the first class give way before one of the other? */
export const isLowerClass = (one: EvictionClass, other: EvictionClass): boolean => CLASSES.indexOf(one) < CLASSES.indexOf(other);

export const settles = (found: Candidate): boolean => SETTLING.has(found.class);

/** Whether `one` gives way before `other` to a new connection, which is of UDP or of another protocol. */
export function givesWayBefore(one: Candidate, other: Candidate | undefined, udp: boolean): boolean {
  if (one.class === 'never') return false;
  if (other === undefined) return true;
  if (one.class !== other.class) return isLowerClass(one.class, other.class);
  const [oneIsUdp, otherIsUdp] = [one.connection.state === UDP, other.connection.state === UDP];
  if (oneIsUdp !== otherIsUdp) return oneIsUdp === udp;
  return one.connection.expires < other.connection.expires;
}

export function reasonOf(which: EvictionClass): Reason {
  if (which === 'half open' || which === 'young' || which === 'new') return 'half_open_replaced';
  return which === 'closed' || which === 'half closed' ? 'closed_replaced' : 'idle_replaced';
}
