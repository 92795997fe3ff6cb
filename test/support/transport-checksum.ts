// Is the checksum right that a segment or a datagram has?
import type { Address } from '../../src/model/address.js';
import { IpProtocol } from '../../src/model/ip-protocol.js';
import { internetChecksum, pseudoHeaderSum } from '../../src/wire/checksum.js';
import { decodeUdp } from '../../src/wire/udp.js';

/** Whether a whole segment's checksum is right between these addresses. */
export function tcpChecksumIsRight(bytes: Uint8Array, source: Address, destination: Address): boolean {
  return internetChecksum(bytes, pseudoHeaderSum(source, destination, IpProtocol.tcp, bytes.length)) === 0;
}

/** Whether a whole datagram's checksum is right, or absent, between these addresses. */
export function udpChecksumIsRight(bytes: Uint8Array, source: Address, destination: Address): boolean {
  const decoded = decodeUdp(bytes);
  return (
    decoded !== undefined &&
    (decoded.checksum === 0 || internetChecksum(bytes, pseudoHeaderSum(source, destination, IpProtocol.udp, bytes.length)) === 0)
  );
}
