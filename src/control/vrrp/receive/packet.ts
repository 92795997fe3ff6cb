// The parts of a received packet that do not depend on an instance: IP header, AH, VRRP message.
import type { Address } from '../../../model/address.js';
import { IpProtocol } from '../../../model/ip-protocol.js';
import { viewOf } from '../../../wire/bytes.js';
import { decodeIpv4 } from '../../../wire/ipv4.js';
import { VRRP_HEADER_BYTES, vrrpLength } from '../../../wire/vrrp.js';
import { AH_BYTES, HMAC_TRAILER_BYTES } from '../../../wire/vrrp-auth.js';
import type { ReceivedPacket } from '../messages.js';

export interface ArrivedPacket {
  readonly interface: string;
  readonly source: Address;
  readonly destination: Address;
  readonly ttl: number;
  /** IPv4's identification; inet6: 0 */
  readonly id: number;
  /** VRRP and what follows it. */
  readonly message: Uint8Array;
  /** The message without the trailer of auth_hmac, if it is longer by exactly that. */
  readonly body: Uint8Array;
  /** What the checksum covers: over IPv6 also the trailer, because the kernel computes it. */
  readonly summed: Uint8Array;
  /** What follows the IP header, if that is an AH. */
  readonly ah: Uint8Array | undefined;
  readonly ahSequence: number;
  /** The IP header's length is more than was received. */
  readonly truncated: boolean;
}

/** Undefined: too short to have a VRID. Bytes behind the end of the IPv4 packet are padding and left out. */
export function openPacket(packet: ReceivedPacket): ArrivedPacket | undefined {
  const { source, destination, ttl, bytes } = packet;
  const ip = source.family === 'inet' ? decodeIpv4(bytes, true) : undefined;
  if (source.family === 'inet' && ip === undefined) return undefined;
  const payload = ip?.payload ?? bytes;
  const ah = packet.protocol === IpProtocol.ah ? payload : undefined;
  if (ah !== undefined && ah.length < AH_BYTES) return undefined;
  const message = ah === undefined ? payload : payload.subarray(AH_BYTES);
  if (message.length < VRRP_HEADER_BYTES) return undefined;
  const body = bodyOf(message, source.family);
  return {
    interface: packet.interface,
    source,
    destination,
    ttl,
    id: ip?.id ?? 0,
    message,
    body,
    summed: source.family === 'inet6' ? message : body,
    ah,
    ahSequence: ah === undefined ? 0 : viewOf(ah).getUint32(8),
    truncated: ip?.totalLength !== undefined,
  };
}

function bodyOf(message: Uint8Array, family: Address['family']): Uint8Array {
  const plain = vrrpLength((message[0] ?? 0) >> 4 === 2 ? 2 : 3, family, message[3] ?? 0);
  return message.length === plain + HMAC_TRAILER_BYTES ? message.subarray(0, plain) : message;
}
