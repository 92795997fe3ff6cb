// Which connections drop_entry ends, a defence against floods.
import type { Connection } from './connection.js';
import type { Settings } from './settings.js';
import { type ConnectionState, UDP } from './state.js';
import type { Template } from './template.js';

const QUOTA_IDLE_SECONDS = 60;
/** Half open, as a forged client's is: of TCP, of SCTP. */
const FORGED: ReadonlySet<ConnectionState> = new Set(['SYN_RECV', 'SYNACK', 'INIT1', 'INIT']);

/**
 * What drop_entry ends: `all`: such a connection; `half`: every second one. Half-open connections go, and those that were idle for a minute
 * after very few packets.
 */
export function entryShare(settings: Settings, { state, proven, expires, protocol }: Connection, now: number): 'all' | 'half' | 'none' {
  if (FORGED.has(state)) return 'all';
  if (proven || (state !== 'ESTABLISHED' && state !== UDP)) return 'none';
  const idle = settings.timeoutOf(state, protocol) - (expires - now);
  if (idle < settings.unitsPerSecond * QUOTA_IDLE_SECONDS) return 'none';
  return state === UDP ? 'all' : 'half';
}

/**
 * May drop_entry end a template before its time? One that led to no established connection; if no connection holds it, it goes. Those of calls have
 * bounds of their own.
 */
export const isSpare = ({ assured, answered, call, service }: Template): boolean =>
  !assured && !answered && call === undefined && !service.onePacket;
