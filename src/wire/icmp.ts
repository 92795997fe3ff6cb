// ICMP messages (RFC 792; next-hop MTU: RFC 1191).
//
//      0               1               2               3
//     +---------------+---------------+-------------------------------+
//     |     type      |     code      |           checksum            |
//     +---------------+---------------+-------------------------------+
//     |  rest of header: echo id and sequence, next-hop MTU, gateway  |
//     |   body: echo data, or the IP header and the start of a packet |
//     +---------------------------------------------------------------+
import { concat, viewOf } from './bytes.js';
import { internetChecksum } from './checksum.js';

export const IcmpType = {
  echoReply: 0,
  unreachable: 3,
  sourceQuench: 4,
  redirect: 5,
  echo: 8,
  timeExceeded: 11,
  parameterProblem: 12,
} as const;

/** Codes of `unreachable`. */
export const IcmpUnreachable = { net: 0, host: 1, protocol: 2, port: 3, fragmentationNeeded: 4 } as const;

export interface IcmpMessage {
  readonly type: number;
  readonly code: number;
  /** The second 32-bit word: id and sequence, or (for fragmentation needed) the MTU in its low half. */
  readonly rest: number;
  readonly body: Uint8Array;
  /** Absent on encode: computed. Decode always returns the field. */
  readonly checksum?: number;
}

export function encodeIcmp(message: IcmpMessage): Uint8Array {
  const out = concat(new Uint8Array(8), message.body);
  const view = viewOf(out);
  view.setUint8(0, message.type);
  view.setUint8(1, message.code);
  view.setUint32(4, message.rest);
  view.setUint16(2, message.checksum ?? internetChecksum(out));
  return out;
}

/** The message, or undefined when it is shorter than its header. The checksum is returned, not validated. */
export function decodeIcmp(bytes: Uint8Array): IcmpMessage | undefined {
  if (bytes.length < 8) return undefined;
  const view = viewOf(bytes);
  return {
    type: view.getUint8(0),
    code: view.getUint8(1),
    rest: view.getUint32(4),
    body: bytes.slice(8),
    checksum: view.getUint16(2),
  };
}

/** Whether this type is an error, which must never be answered by another error (RFC 1122 3.2.2). */
export function isIcmpError(type: number): boolean {
  return (
    type === IcmpType.unreachable ||
    type === IcmpType.sourceQuench ||
    type === IcmpType.redirect ||
    type === IcmpType.timeExceeded ||
    type === IcmpType.parameterProblem
  );
}

const INTERNETWORK_CONTROL = 0xc0;
const QUOTED_SERVICE = 0x1e;

/** As in the kernel an error is internetwork control (RFC 1812, 4.3.2.5), and of the type of service of what it quotes. */
export const tosOfError = (quoted: number): number => INTERNETWORK_CONTROL | (quoted & QUOTED_SERVICE);
