// UDP datagrams (RFC 768).
//
//      0               1               2               3
//     +-------------------------------+-------------------------------+
//     |          source port          |       destination port        |
//     +-------------------------------+-------------------------------+
//     |            length             |           checksum            |
//     +-------------------------------+-------------------------------+
import type { Address } from '../model/address.js';
import { IpProtocol } from '../model/ip-protocol.js';
import { concat, viewOf } from './bytes.js';
import { internetChecksum, pseudoHeaderSum } from './checksum.js';

export interface UdpDatagram {
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly payload: Uint8Array;
  /** Absent on encode: computed. 0: none was made (IPv4 only). Decode always returns the field. */
  readonly checksum?: number;
}

/** Encodes with the checksum over the pseudo-header of these two addresses; a sum of 0 is sent as 0xffff. */
export function encodeUdp(datagram: UdpDatagram, source: Address, destination: Address): Uint8Array {
  const out = concat(new Uint8Array(8), datagram.payload);
  const view = viewOf(out);
  view.setUint16(0, datagram.sourcePort);
  view.setUint16(2, datagram.destinationPort);
  view.setUint16(4, out.length);
  const pseudo = pseudoHeaderSum(source, destination, IpProtocol.udp, out.length);
  view.setUint16(6, datagram.checksum ?? (internetChecksum(out, pseudo) || 0xffff));
  return out;
}

/** The datagram, or undefined when its length field does not fit the bytes; bytes after the length are ignored. */
export function decodeUdp(bytes: Uint8Array): UdpDatagram | undefined {
  if (bytes.length < 8) return undefined;
  const view = viewOf(bytes);
  const length = view.getUint16(4);
  if (length < 8 || length > bytes.length) return undefined;
  return {
    sourcePort: view.getUint16(0),
    destinationPort: view.getUint16(2),
    payload: bytes.slice(8, length),
    checksum: view.getUint16(6),
  };
}
