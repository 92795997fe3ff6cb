// A frame that meets the director, with its packet.
import type { Packet } from './packet.js';

export interface Arrival {
  readonly frame: Uint8Array;
  readonly packet: Packet;
  /** Of a packet that is not cut yet; 0 for others. */
  readonly gsoSize: number;
  /** FULLNAT: a reply as it came, for a local address: what the stack gets of it, and errors quote. */
  readonly local?: Arrival;
}
