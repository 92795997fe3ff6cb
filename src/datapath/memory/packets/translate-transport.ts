// The transport header of a packet whose source or destination becomes another endpoint: the port, and the checksum.
import { IpProtocol } from '../../../model/ip-protocol.js';
import { viewOf } from '../../../wire/bytes.js';
import { readSctpChecksum, sctpChecksum, writeSctpChecksum } from '../../../wire/sctp.js';
import { overwrite } from './checksum.js';
import { ETHERNET_BYTES } from './ethernet.js';
import type { Packet } from './packet.js';

/**
 * SCTP's checksum covers the whole packet, and no address. A wrong one is wrong in the same bits afterwards; 0 stays, where none was
 * computed. `packet`: from the transport header on.
 */
function renumberSctp(packet: Uint8Array, portAt: number, port: number): void {
  const [stated, right] = [readSctpChecksum(packet), sctpChecksum(packet)];
  viewOf(packet).setUint16(portAt, port);
  if (stated !== 0) writeSctpChecksum(packet, (stated ^ right ^ sctpChecksum(packet)) >>> 0);
}

/**
 * `source`: the source's port, else the destination's. `readdress` overwrites the address; `sumAt`: a checksum that covers it. UDP without a
 * checksum stays without.
 */
export function translateTransport(
  frame: Uint8Array,
  packet: Packet,
  source: boolean,
  port: number,
  readdress: (sumAt: number | undefined) => void,
): void {
  if (packet.portless) {
    readdress(undefined);
    return;
  }
  const [at, portIn] = [ETHERNET_BYTES + packet.header, source ? 0 : 2];
  if (packet.protocol === IpProtocol.sctp) {
    readdress(undefined);
    renumberSctp(frame.subarray(at, ETHERNET_BYTES + packet.length), portIn, port);
    return;
  }
  const view = viewOf(frame);
  const udp = packet.protocol === IpProtocol.udp;
  const sumAt = at + (udp ? 6 : 16);
  if (udp && view.getUint16(sumAt) === 0) {
    readdress(undefined);
    view.setUint16(at + portIn, port);
    return;
  }
  readdress(sumAt);
  overwrite(view, at + portIn, 2, port, sumAt);
  if (udp && view.getUint16(sumAt) === 0) view.setUint16(sumAt, 0xffff);
}
