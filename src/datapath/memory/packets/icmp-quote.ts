// The beginning of a packet that an ICMP error of either family quotes.
import { viewOf } from '../../../wire/bytes.js';
import { ETHERNET_BYTES } from './ethernet.js';
import type { Quoted } from './family-rules.js';
import { familyOf, type Ip } from './ip.js';
import { quotedPorts } from './ipsec.js';
import type { IpPacket } from './packet.js';

/** Of the header of an ICMP error. */
export const ICMP_BYTES = 8;
/** Of an error; what is longer is left to the stack. */
export const MESSAGE_MAX_BYTES = 1536;

/** What an error about a packet quotes of it. */
export const quoteOf = (frame: Uint8Array, { length }: IpPacket, maxBytes: number): Uint8Array =>
  frame.slice(ETHERNET_BYTES, ETHERNET_BYTES + Math.min(length, maxBytes));

/** Where an error has its quote. */
export const quoteAt = ({ header }: IpPacket): number => ETHERNET_BYTES + header + ICMP_BYTES;

/** Of a quoted IPv4 packet, which begins at `at` in the frame: the length of its header with the options. */
export const headerBytes = (frame: Uint8Array, at: number): number => ((frame[at] ?? 0) & 15) * 4;

interface Quote {
  readonly source: Ip;
  readonly destination: Ip;
  readonly protocol: number;
}

/** `portsAt`: in the frame, behind the quoted IP header. */
export function quotedPacket(frame: Uint8Array, { source, destination, protocol }: Quote, portsAt: number): Quoted {
  const view = viewOf(frame);
  const read = { protocol, sourcePort: view.getUint16(portsAt), destinationPort: view.getUint16(portsAt + 2) };
  const { sourcePort, destinationPort, ...found } = quotedPorts(familyOf(source), protocol) ?? read;
  return { from: { address: source, port: sourcePort }, to: { address: destination, port: destinationPort }, ...found };
}
