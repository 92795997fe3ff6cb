// Timestamp requests and replies of ICMP (RFC 792): milliseconds since midnight UT. Linux answers them by itself.
//
//      0               1               2               3
//     +---------------+---------------+-------------------------------+
//     |   13 or 14    |       0       |           checksum            |
//     +---------------+---------------+-------------------------------+
//     |              id               |           sequence            |
//     +-------------------------------+-------------------------------+
//     |                       originate timestamp                     |
//     |                        receive timestamp                      |
//     |                       transmit timestamp                      |
//     +---------------------------------------------------------------+
import { viewOf } from './bytes.js';
import { internetChecksum } from './checksum.js';
import { decodeIcmp, encodeIcmp } from './icmp.js';

const [REQUEST, REPLY] = [13, 14];

export interface IcmpTimestamps {
  readonly id: number;
  readonly sequence: number;
  /** Times of day, ms. One of 2^31 and more is of no standard unit or beginning. */
  readonly originate: number;
  readonly receive: number;
  readonly transmit: number;
}

export function timestampRequest({ id, sequence, originate }: Pick<IcmpTimestamps, 'id' | 'sequence' | 'originate'>): Uint8Array {
  const body = new Uint8Array(12);
  viewOf(body).setUint32(0, originate);
  return encodeIcmp({ type: REQUEST, code: 0, rest: ((id << 16) | sequence) >>> 0, body });
}

/** Of an IPv4 packet with its header; undefined: it is no such reply, or was damaged. */
export function timestampReply(packet: Uint8Array): IcmpTimestamps | undefined {
  const start = ((packet[0] ?? 0) & 0xf) * 4;
  const bytes = packet.subarray(start, start + 20);
  const message = decodeIcmp(bytes);
  if (message === undefined || message.type !== REPLY || message.code !== 0 || bytes.length < 20) return undefined;
  if (internetChecksum(bytes) !== 0) return undefined;
  const view = viewOf(bytes);
  return {
    id: view.getUint16(4),
    sequence: view.getUint16(6),
    originate: view.getUint32(8),
    receive: view.getUint32(12),
    transmit: view.getUint32(16),
  };
}
