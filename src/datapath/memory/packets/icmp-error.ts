// ICMP errors that the director makes of a packet: from the address that it was sent to, back to the station that it came from.
import { IpProtocol } from '../../../model/ip-protocol.js';
import { concat } from '../../../wire/bytes.js';
import { encodeIcmp } from '../../../wire/icmp.js';
import { encodeIpv4, IPV4_DEFAULTS } from '../../../wire/ipv4.js';
import { ETHERNET_BYTES, type Packet } from './parse.js';

/** Of the offending packet, from its IP header on. */
const QUOTE_MAX_BYTES = 128;
const MULTICAST = 0xe;

/** `mtu`: of fragmentation needed; 0 for others. */
export interface IcmpKind {
  readonly type: number;
  readonly code: number;
  readonly mtu: number;
}

/** Errors are sent about packets to and from single stations only. */
export function mayBeAnswered(frame: Uint8Array, { source, destination }: Packet): boolean {
  const group = destination >>> 28 === MULTICAST || destination === 0xffffffff;
  return !group && source !== 0 && ((frame[6] ?? 0) & 1) === 0;
}

/** The frame that goes back. `from`: the sender of the error. */
export function icmpErrorFrame(frame: Uint8Array, packet: Packet, { type, code, mtu }: IcmpKind, from: number): Uint8Array {
  const body = frame.slice(ETHERNET_BYTES, ETHERNET_BYTES + Math.min(packet.length, QUOTE_MAX_BYTES));
  const error = encodeIpv4({
    ...IPV4_DEFAULTS,
    protocol: IpProtocol.icmp,
    source: { family: 'inet', words: [from] },
    destination: { family: 'inet', words: [packet.source] },
    payload: encodeIcmp({ type, code, rest: mtu, body }),
  });
  return concat(frame.subarray(6, 12), frame.subarray(0, 6), frame.subarray(12, ETHERNET_BYTES), error);
}
