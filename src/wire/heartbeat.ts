// Heartbeats between weir nodes over a second link: each carries the state of an instance, so that a broken first link is not
// taken for a dead peer. A protocol of weir's own over UDP; TTL 255, so that routed packets are refused. With authentication: version 2.
//
//      0               1               2               3
//     +---------------+---------------+---------------+---------------+
//     |      'w'      |      'h'      |      'b'      |  version 1, 2 |
//     +---------------+---------------+---------------+---------------+
//     |  family 4, 6  |     VRID      |     state     |   priority    |
//     +---------------+---------------+---------------+---------------+
//     |                 sender: random, until the process ends        |   authentication
//     +---------------------------------------------------------------+
//     |            stamp: 64 bits, each greater than the one before   |
//     |                                                               |
//     +---------------------------------------------------------------+
//     |            16 bytes: HMAC-SHA256 over all before it, cut      |
//     +---------------------------------------------------------------+
import type { Family } from '../model/address.js';
import { concat, viewOf } from './bytes.js';
import { hmac, sameBytes } from './hmac.js';
import { sha256 } from './sha256.js';

export const HEARTBEAT_PORT = 8849;

const STATES = ['init', 'backup', 'master', 'fault'] as const;
const MARK = [0x77, 0x68, 0x62] as const;
const VERSION = { plain: 1, authenticated: 2 } as const;
const LENGTH = 8;
const MAC_AT = 20;
const AUTHENTICATED_LENGTH = 36;

export interface Heartbeat {
  readonly family: Family;
  readonly vrid: number;
  readonly state: (typeof STATES)[number];
  readonly priority: number;
}

/** Protects a heartbeat from being replayed, or sent back to its sender. */
export interface HeartbeatAuthentication {
  /** 32 bits */
  readonly sender: number;
  readonly stamp: bigint;
}

function encode({ family, vrid, state, priority }: Heartbeat, version: number): Uint8Array {
  return Uint8Array.of(...MARK, version, family === 'inet' ? 4 : 6, vrid, STATES.indexOf(state), priority);
}

export const encodeHeartbeat = (heartbeat: Heartbeat): Uint8Array => encode(heartbeat, VERSION.plain);

const macOf = (key: Uint8Array, bytes: Uint8Array): Uint8Array => hmac(sha256, key, bytes.subarray(0, MAC_AT)).subarray(0, 16);

export function encodeAuthenticatedHeartbeat(
  heartbeat: Heartbeat,
  key: Uint8Array,
  { sender, stamp }: HeartbeatAuthentication,
): Uint8Array {
  const bytes = concat(encode(heartbeat, VERSION.authenticated), new Uint8Array(AUTHENTICATED_LENGTH - LENGTH));
  const view = viewOf(bytes);
  view.setUint32(LENGTH, sender);
  view.setBigUint64(LENGTH + 4, stamp);
  bytes.set(macOf(key, bytes), MAC_AT);
  return bytes;
}

function decode(bytes: Uint8Array, version: number): Heartbeat | undefined {
  const [, , , mark, family, vrid = 0, number = 0, priority = 0] = bytes;
  const state = STATES[number];
  if (MARK.some((byte, index) => bytes[index] !== byte) || mark !== version || (family !== 4 && family !== 6) || state === undefined) {
    return undefined;
  }
  return { family: family === 4 ? 'inet' : 'inet6', vrid, state, priority };
}

/** Undefined for bytes that are no heartbeat of version 1. */
export const decodeHeartbeat = (bytes: Uint8Array): Heartbeat | undefined =>
  bytes.length === LENGTH ? decode(bytes, VERSION.plain) : undefined;

/** A heartbeat that is not validated yet: `isValidFor` compares its MAC. Undefined for bytes that are no heartbeat of version 2. */
export function decodeAuthenticatedHeartbeat(
  bytes: Uint8Array,
):
  | { readonly heartbeat: Heartbeat; readonly authentication: HeartbeatAuthentication; readonly isValidFor: (key: Uint8Array) => boolean }
  | undefined {
  const heartbeat = bytes.length === AUTHENTICATED_LENGTH ? decode(bytes, VERSION.authenticated) : undefined;
  if (heartbeat === undefined) return undefined;
  const view = viewOf(bytes);
  const authentication = { sender: view.getUint32(LENGTH), stamp: view.getBigUint64(LENGTH + 4) };
  return { heartbeat, authentication, isValidFor: (key) => sameBytes(bytes.subarray(MAC_AT), macOf(key, bytes)) };
}
