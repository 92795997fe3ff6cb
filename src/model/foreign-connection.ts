// A connection that another director has: by endpoints, since the numbers of its tables mean nothing here.
import type { DestinationKey, ForwardingMethod } from './service.js';

export interface ForeignConnection {
  /** Of IP. */
  readonly protocol: number;
  readonly client: DestinationKey;
  readonly virtual: DestinationKey;
  readonly server: DestinationKey;
  /** The firewall mark of its packets; 0: they have none. */
  readonly mark: number;
  /** Of the other director: of a mark's connection it decides which port the destination has. Here it has the destination's own. */
  readonly method: ForwardingMethod;
  /** Of its protocol, numbered as in the kernel's IPVS; 0 where the protocol has none. */
  readonly state: number;
  /** Seconds until it expires; 0: as long as a connection of its state has. */
  readonly seconds: number;
  /** Seconds that its state has in all; 0: it is not known. */
  readonly timeout: number;
  /** It may be the late end of a connection that another one has replaced: then that stays. */
  readonly late: boolean;
  /** Of another weir: whether an answer was seen, and whether it is proven (evict.h). Absent: as the method has it, and not proven. */
  readonly seen?: { readonly answered: boolean; readonly proven: boolean };
  /** How numbers of its bytes are shifted (FTP): of what the client sends, then of what the server does, each initial, delta and previous delta. Absent: not. */
  readonly shifts?: readonly number[];
  /** It has ended. */
  readonly ended?: true;
  /**
   * Seconds since its last packet, where both directors may have packets of it: then it counts only where it had one later than the connection here, if there
   * is one (Rivalry). Absent: it counts.
   */
  readonly idle?: number;
}

/** How what both directors know is compared. */
export interface Rivalry {
  /** Where last packets are so close that it is not known which was later, and servers or states differ, the other director's connection counts. */
  readonly wins: boolean;
  /** The other director states of which connections it had the last packet itself. */
  readonly owners?: boolean;
  /** Seconds. One that was idle for longer and is not here has ended here: this director knew it before. Infinity: it did not. */
  readonly fresh: number;
}

/**
 * What became of it here. `unbound`: no service or no destination is for it. `left`: the client has another connection, which stays. `full`: no place.
 * `unsupported`: the director cannot have such a connection from elsewhere. `newer`: what is here had a packet later, and stays. `port`: its local port (FULLNAT) is another client's here. `over`: its end is known here, and not
 * where it came from. `busy`: other CPUs were faster
 * each time; it may be tried again.
 */
export const APPLIED = [
  'busy',
  'made',
  'changed',
  'ended',
  'left',
  'full',
  'gone',
  'newer',
  'unbound',
  'unsupported',
  'port',
  'over',
] as const;
export type Applied = (typeof APPLIED)[number];
