// The connection synchronisation daemons of a director: what --start-daemon states and --daemon shows.
import type { Address } from './address.js';

export type DaemonRole = 'master' | 'backup';

/** As an operator states it; what is absent takes the director's default. `port` and `ttl`: of the multicast group. */
export interface DaemonSpec {
  readonly role: DaemonRole;
  readonly interface: string;
  readonly syncId: number;
  readonly maxLength?: number;
  readonly group?: Address;
  readonly port?: number;
  readonly ttl?: number;
}
