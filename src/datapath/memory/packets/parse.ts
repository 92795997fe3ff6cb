// A frame's headers as the director reads them: IPv4 or IPv6, TCP, UDP and SCTP after Ethernet.
import { viewOf } from '../../../wire/bytes.js';
import { EtherType } from '../../../wire/ethernet.js';
import { ETHERNET_BYTES } from './ethernet.js';
import { parseIpv4 } from './ipv4/parse.js';
import { parseIpv6 } from './ipv6/parse.js';
import type { Parsed } from './packet.js';

/** Reads a frame, and validates the checksum and the lengths of IP. `gsoSize`: of a packet that is not cut yet; 0 for others. */
export function parseFrame(frame: Uint8Array, gsoSize: number): Parsed {
  const type = frame.length < ETHERNET_BYTES ? 0 : viewOf(frame).getUint16(12);
  if (type === EtherType.ipv4) return parseIpv4(frame, gsoSize);
  return type === EtherType.ipv6 ? parseIpv6(frame, gsoSize) : { kind: 'other' };
}
