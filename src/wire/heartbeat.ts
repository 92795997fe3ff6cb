// Heartbeats between weir nodes over a second link: what an instance is, so that a cut of the first link is not taken for the peer's death.
// weir's own; UDP, TTL 255 so that no router passes one on.
//
//      0               1               2               3
//     +---------------+---------------+---------------+---------------+
//     |      'w'      |      'h'      |      'b'      |  version = 1  |
//     +---------------+---------------+---------------+---------------+
//     |  family 4, 6  |     VRID      |     state     |   priority    |
//     +---------------+---------------+---------------+---------------+
import type { Family } from '../model/address.js';

export const HEARTBEAT_PORT = 8849;

const STATES = ['init', 'backup', 'master', 'fault'] as const;
const MARK = [0x77, 0x68, 0x62, 1] as const;
const LENGTH = 8;

export interface Heartbeat {
  readonly family: Family;
  readonly vrid: number;
  readonly state: (typeof STATES)[number];
  readonly priority: number;
}

export function encodeHeartbeat({ family, vrid, state, priority }: Heartbeat): Uint8Array {
  return Uint8Array.of(...MARK, family === 'inet' ? 4 : 6, vrid, STATES.indexOf(state), priority);
}

/** The heartbeat, or undefined for bytes that are none of this version. */
export function decodeHeartbeat(bytes: Uint8Array): Heartbeat | undefined {
  const [, , , , family, vrid = 0, number = 0, priority = 0] = bytes;
  const state = STATES[number];
  if (
    bytes.length !== LENGTH ||
    MARK.some((byte, index) => bytes[index] !== byte) ||
    (family !== 4 && family !== 6) ||
    state === undefined
  ) {
    return undefined;
  }
  return { family: family === 4 ? 'inet' : 'inet6', vrid, state, priority };
}
