// Echo requests and replies of ICMP and ICMPv6 (RFC 792, RFC 4443 §4): the same form, other types.
import type { Family } from '../model/address.js';
import { viewOf } from './bytes.js';
import { decodeIcmp, encodeIcmp } from './icmp.js';

const TYPES = { inet: { request: 8, reply: 0 }, inet6: { request: 128, reply: 129 } } as const;

export interface Echo {
  readonly id: number;
  readonly sequence: number;
  readonly data: Uint8Array;
}

/** ICMPv6's checksum is left to the kernel, which knows the addresses. */
export function echoRequest(family: Family, { id, sequence, data }: Echo): Uint8Array {
  const message = { type: TYPES[family].request, code: 0, rest: ((id << 16) | sequence) >>> 0, body: data };
  return encodeIcmp(family === 'inet' ? message : { ...message, checksum: 0 });
}

/** Undefined: it is no reply. `withHeader`: an IPv4 header stands in front. */
export function echoReply(family: Family, bytes: Uint8Array, withHeader: boolean): Echo | undefined {
  const start = withHeader ? ((bytes[0] ?? 0) & 0xf) * 4 : 0;
  const message = decodeIcmp(bytes.subarray(start));
  if (message === undefined || message.type !== TYPES[family].reply || message.code !== 0) return undefined;
  const view = viewOf(bytes);
  return { id: view.getUint16(start + 4), sequence: view.getUint16(start + 6), data: message.body };
}
