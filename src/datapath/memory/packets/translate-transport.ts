// The transport header of a packet whose source or destination becomes another endpoint: the port, and the checksum.
import { IpProtocol } from '../../../model/ip-protocol.js';
import { concat, viewOf } from '../../../wire/bytes.js';
import { internetChecksum, pseudoHeaderSum } from '../../../wire/checksum.js';
import { readSctpChecksum, sctpChecksum, writeSctpChecksum } from '../../../wire/sctp.js';
import { overwrite } from './checksum.js';
import type { Endpoint } from './endpoint.js';
import { ETHERNET_BYTES } from './ethernet.js';
import { addressOf } from './ip.js';
import type { Packet } from './packet.js';

const [UDP_SUM_AT, TCP_SUM_AT] = [6, 16] as const;

/**
 * SCTP's checksum covers the whole packet, and no address. A wrong one is wrong in the same bits afterwards; 0 stays, where none was
 * computed. `packet`: from the transport header on.
 */
function renumberSctp(packet: Uint8Array, portAt: number, port: number, length: number): void {
  // A CRC is linear: what is changed of it depends on how much follows, not on what that is.
  const sumOf = (): number => sctpChecksum(concat(packet, new Uint8Array(Math.max(0, length - packet.length))));
  const [stated, right] = [readSctpChecksum(packet), sumOf()];
  viewOf(packet).setUint16(portAt, port);
  if (stated !== 0) writeSctpChecksum(packet, (stated ^ right ^ sumOf()) >>> 0);
}

/** The first fragment of a packet does not show how long that is, which SCTP's checksum for another port depends on. */
export function isSumUnknown(frame: Uint8Array, packet: Packet, source: boolean, to: Endpoint): boolean {
  if (packet.protocol !== IpProtocol.sctp || !packet.fragment || packet.portless || packet.part?.whole !== 0) return false;
  if (to.port === (source ? packet.sourcePort : packet.destinationPort)) return false;
  return readSctpChecksum(frame.subarray(ETHERNET_BYTES + packet.header)) !== 0;
}

/** Gives a datagram that came without a checksum the right one. `source`: its source is `to` by now, else its destination. */
function sumDatagram(frame: Uint8Array, packet: Packet, source: boolean, to: Endpoint): void {
  const datagram = frame.subarray(ETHERNET_BYTES + packet.header, ETHERNET_BYTES + packet.length);
  const [from, target] = source ? [to.address, packet.destination] : [packet.source, to.address];
  const pseudo = pseudoHeaderSum(addressOf(from), addressOf(target), packet.protocol, datagram.length);
  viewOf(datagram).setUint16(UDP_SUM_AT, internetChecksum(datagram, pseudo) || 0xffff);
}

/**
 * `source`: the source becomes `to`, else the destination. `readdress` overwrites the address; `sumAt`: a checksum that covers it. UDP without a
 * checksum gets one, but where it is cut later, or is a fragment.
 */
export function translateTransport(
  frame: Uint8Array,
  packet: Packet,
  source: boolean,
  to: Endpoint,
  readdress: (sumAt: number | undefined) => void,
): void {
  if (packet.portless) {
    readdress(undefined);
    return;
  }
  const [at, portIn] = [ETHERNET_BYTES + packet.header, source ? 0 : 2];
  if (packet.protocol === IpProtocol.sctp) {
    readdress(undefined);
    renumberSctp(frame.subarray(at, ETHERNET_BYTES + packet.length), portIn, to.port, packet.part?.whole ?? 0);
    return;
  }
  const view = viewOf(frame);
  const udp = packet.protocol === IpProtocol.udp;
  const sumAt = at + (udp ? UDP_SUM_AT : TCP_SUM_AT);
  if (udp && view.getUint16(sumAt) === 0) {
    readdress(undefined);
    view.setUint16(at + portIn, to.port);
    if (!packet.isLarge && !packet.fragment) sumDatagram(frame, packet, source, to);
    return;
  }
  readdress(sumAt);
  overwrite(view, at + portIn, 2, to.port, sumAt);
  if (udp && view.getUint16(sumAt) === 0) view.setUint16(sumAt, 0xffff);
}
