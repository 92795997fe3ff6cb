// Which connections drop_entry ends, a defence against floods.
import type { Connection } from './connection.js';
import type { Settings } from './settings.js';
import { UDP } from './state.js';

const QUOTA_IDLE_SECONDS = 60;

/**
 * What drop_entry ends: `all`: such a connection; `half`: every second one. Half-open connections go, and those that were idle for a minute
 * after very few packets.
 */
export function entryShare(settings: Settings, { state, proven, expires }: Connection, now: number): 'all' | 'half' | 'none' {
  if (state === 'SYN_RECV' || state === 'SYNACK') return 'all';
  if (proven || (state !== 'ESTABLISHED' && state !== UDP)) return 'none';
  const idle = settings.timeoutOf(state) - (expires - now);
  if (idle < settings.unitsPerSecond * QUOTA_IDLE_SECONDS) return 'none';
  return state === UDP ? 'all' : 'half';
}
