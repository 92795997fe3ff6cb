// What stands behind an IP header of either family: the ports, and TCP's flags.
import { IpProtocol } from '../../../model/ip-protocol.js';
import { viewOf } from '../../../wire/bytes.js';
import { ETHERNET_BYTES } from './ethernet.js';
import type { Packet, Parsed } from './packet.js';

const isBalanced = ({ protocol }: Packet): boolean => protocol === IpProtocol.tcp || protocol === IpProtocol.udp;

/** Goes on after the IP header: the ports, and TCP's flags. `later`: a fragment without them. */
export function readPorts(frame: Uint8Array, packet: Packet, later: boolean): Parsed {
  if (!isBalanced(packet)) return { kind: 'other', packet };
  const view = viewOf(frame);
  const at = ETHERNET_BYTES + packet.header;
  const room = frame.length - at;
  if (packet.fragment && (later || room < 4)) return { kind: 'fragment', packet };
  const least = packet.fragment ? 4 : packet.protocol === IpProtocol.tcp ? 20 : 8;
  if (room < least) return { kind: 'bad', packet };
  const ends = { ...packet, sourcePort: view.getUint16(at), destinationPort: view.getUint16(at + 2) };
  if (packet.fragment) return { kind: 'fragment', packet: ends };
  if (packet.protocol === IpProtocol.udp) return { kind: packet.length < packet.header + 8 ? 'bad' : 'ok', packet: ends };
  const offset = (view.getUint8(at + 12) >> 4) * 4;
  const whole = { ...ends, flags: view.getUint8(at + 13) };
  return { kind: offset < 20 || packet.length < packet.header + offset ? 'bad' : 'ok', packet: whole };
}
