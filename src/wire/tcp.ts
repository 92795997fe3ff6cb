// TCP segments (RFC 9293).
//
//      0               1               2               3
//     +-------------------------------+-------------------------------+
//     |          source port          |       destination port        |
//     +-------------------------------+-------------------------------+
//     |                        sequence number                        |
//     |                     acknowledgement number                    |
//     +-------+-------+---------------+-------------------------------+
//     | offset|  0    |C E U A P R S F|            window             |
//     +-------+-------+---------------+-------------------------------+
//     |           checksum            |        urgent pointer         |
//     |                   options, padded to 4 bytes …                |
//     +---------------------------------------------------------------+
import type { Address } from '../model/address.js';
import { IpProtocol } from '../model/ip-protocol.js';
import { concat, viewOf } from './bytes.js';
import { internetChecksum, pseudoHeaderSum } from './checksum.js';

export const TcpFlag = { fin: 1, syn: 2, rst: 4, psh: 8, ack: 16, urg: 32, ece: 64, cwr: 128 } as const;

export interface TcpSegment {
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly sequence: number;
  readonly acknowledgement: number;
  /** The eight flag bits; see `TcpFlag`. */
  readonly flags: number;
  readonly window: number;
  readonly urgentPointer: number;
  /** Length must be a multiple of 4, at most 40. */
  readonly options: Uint8Array;
  readonly payload: Uint8Array;
  /** Absent on encode: computed. Decode always returns the field. */
  readonly checksum?: number;
}

export const TCP_DEFAULTS = {
  sequence: 0,
  acknowledgement: 0,
  flags: 0,
  window: 65535,
  urgentPointer: 0,
  options: new Uint8Array(0),
  payload: new Uint8Array(0),
} as const;

/** Encodes with the checksum over the pseudo-header of these two addresses. @throws RangeError for options that do not fit */
export function encodeTcp(segment: TcpSegment, source: Address, destination: Address): Uint8Array {
  if (segment.options.length % 4 !== 0 || segment.options.length > 40) {
    throw new RangeError(`TCP options of ${segment.options.length} bytes`);
  }
  const header = new Uint8Array(20 + segment.options.length);
  const view = viewOf(header);
  view.setUint16(0, segment.sourcePort);
  view.setUint16(2, segment.destinationPort);
  view.setUint32(4, segment.sequence);
  view.setUint32(8, segment.acknowledgement);
  view.setUint8(12, (header.length / 4) << 4);
  view.setUint8(13, segment.flags);
  view.setUint16(14, segment.window);
  view.setUint16(18, segment.urgentPointer);
  header.set(segment.options, 20);
  const out = concat(header, segment.payload);
  const pseudo = pseudoHeaderSum(source, destination, IpProtocol.tcp, out.length);
  viewOf(out).setUint16(16, segment.checksum ?? internetChecksum(out, pseudo));
  return out;
}

/** The segment, or undefined when its header does not fit. The checksum is returned, not validated. */
export function decodeTcp(bytes: Uint8Array): TcpSegment | undefined {
  if (bytes.length < 20) return undefined;
  const view = viewOf(bytes);
  const headerLength = (view.getUint8(12) >> 4) * 4;
  if (headerLength < 20 || headerLength > bytes.length) return undefined;
  return {
    sourcePort: view.getUint16(0),
    destinationPort: view.getUint16(2),
    sequence: view.getUint32(4),
    acknowledgement: view.getUint32(8),
    flags: view.getUint8(13),
    window: view.getUint16(14),
    urgentPointer: view.getUint16(18),
    options: bytes.slice(20, headerLength),
    payload: bytes.slice(headerLength),
    checksum: view.getUint16(16),
  };
}
