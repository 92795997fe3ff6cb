// ICMPv6 messages in packets (RFC 4443 §2.3): their checksum covers the addresses, too.
import type { Address } from '../model/address.js';
import { IpProtocol } from '../model/ip-protocol.js';
import { viewOf } from './bytes.js';
import { internetChecksum, pseudoHeaderSum } from './checksum.js';
import { encodeIpv6 } from './ipv6.js';

const CHECKSUM_AT = 2;

/** Fills in the checksum of a message that has 0 there. */
export function sumIcmpv6(message: Uint8Array, source: Address, destination: Address): void {
  const sum = internetChecksum(message, pseudoHeaderSum(source, destination, IpProtocol.icmpv6, message.length));
  viewOf(message).setUint16(CHECKSUM_AT, sum);
}

/** The whole packet. `message`: see sumIcmpv6. */
export function encodeIcmpv6(source: Address, destination: Address, hopLimit: number, message: Uint8Array): Uint8Array {
  sumIcmpv6(message, source, destination);
  return encodeIpv6({ source, destination, protocol: IpProtocol.icmpv6, hopLimit, payload: message });
}
