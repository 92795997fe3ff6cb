// Neighbour solicitations (RFC 4861 §4.3): which host has an IPv6 address? And the advertisements that answer them (§4.4).
//
//      0               1               2               3
//     +---------------+---------------+-------------------------------+
//     | version 6, class, flow label                                  |
//     |        payload length         | next hdr = 58 | hop limit 255 |
//     | source = our own of the link (16), destination = ff02::1:ff + the target's last 3 bytes |
//     +---------------+---------------+-------------------------------+
//     |  type = 135   |   code = 0    |           checksum            |
//     |                            reserved                           |
//     |                       target address (16)                     |
//     |   option: type 1, length 1 (in 8 bytes), our link address (6) |
//     +---------------------------------------------------------------+
import type { Address } from '../model/address.js';
import { IpProtocol } from '../model/ip-protocol.js';
import { decodeAddress, encodeAddress } from './address-bytes.js';
import { concat } from './bytes.js';
import { decodeEthernet, EtherType, encodeEthernet, type Mac, macBytes, macText } from './ethernet.js';
import { encodeIcmpv6 } from './icmpv6.js';
import { IPV6_HEADER_BYTES } from './ipv6.js';

const SOLICITATION = 135;
const ADVERTISEMENT = 136;
const SOURCE_LINK_ADDRESS = 1;
const TARGET_LINK_ADDRESS = 2;
/** In the IPv6 header. */
const SOURCE_AT = 8;
const ADDRESS_BYTES = 16;
const HOPS = 255;
/** In the ICMPv6 message. */
const AT = { target: 8, option: 24, mac: 26, end: 32 } as const;

/** Whom to ask about this address (RFC 4291 §2.7.1). */
export const solicitedNode = ({ words }: Address): Address => ({
  family: 'inet6',
  words: [0xff020000, 0, 1, (0xff000000 | ((words[3] ?? 0) & 0xffffff)) >>> 0],
});

/** The MAC of the group to which questions about this address are sent (RFC 2464 §7). */
export const solicitedNodeMac = (address: Address): Mac =>
  macText(concat(Uint8Array.of(0x33, 0x33), encodeAddress(solicitedNode(address)).subarray(12)));

const isUnspecified = ({ words }: Address): boolean => words.every((word) => word === 0);

/**
 * The whole frame. `from`: an address of ours on that link; unspecified (::): we are about to take the target (RFC 4862 §5.4.2), and
 * the frame has no link address then. @throws RangeError for addresses that are not IPv6
 */
export function neighbourSolicitation(mac: Mac, from: Address, target: Address): Uint8Array {
  if (from.family !== 'inet6' || target.family !== 'inet6') throw new RangeError('neighbour discovery carries IPv6 addresses');
  const group = solicitedNode(target);
  const option = isUnspecified(from) ? new Uint8Array(0) : concat(Uint8Array.of(SOURCE_LINK_ADDRESS, 1), macBytes(mac));
  const message = concat(Uint8Array.of(SOLICITATION, 0, 0, 0, 0, 0, 0, 0), encodeAddress(target), option);
  return encodeEthernet({
    destination: solicitedNodeMac(target),
    source: mac,
    tags: [],
    etherType: EtherType.ipv6,
    payload: encodeIcmpv6(from, group, HOPS, message),
  });
}

export interface NeighbourClaim {
  readonly address: Address;
  /** The claimant's. */
  readonly mac: Mac;
  /** `holds`: an advertisement; `wants`: the question of a host that is about to take it. */
  readonly kind: 'holds' | 'wants';
}

/** The address that this frame claims; undefined for any other frame. */
export function neighbourClaim(frame: Uint8Array): NeighbourClaim | undefined {
  const ethernet = decodeEthernet(frame);
  const packet = ethernet?.etherType === EtherType.ipv6 ? ethernet.payload : undefined;
  if (ethernet === undefined || packet === undefined || packet[6] !== IpProtocol.icmpv6 || packet[7] !== HOPS) return undefined;
  const message = packet.subarray(IPV6_HEADER_BYTES);
  const address = message.length >= AT.option ? decodeAddress(message.subarray(AT.target, AT.option)) : undefined;
  if (address === undefined) return undefined;
  if (message[0] === SOLICITATION) {
    const source = decodeAddress(packet.subarray(SOURCE_AT, SOURCE_AT + ADDRESS_BYTES));
    return source !== undefined && isUnspecified(source) ? { address, mac: ethernet.source, kind: 'wants' } : undefined;
  }
  if (message[0] !== ADVERTISEMENT) return undefined;
  const hasOption = message.length >= AT.end && message[AT.option] === TARGET_LINK_ADDRESS;
  return { address, mac: hasOption ? macText(message.subarray(AT.mac, AT.end)) : ethernet.source, kind: 'holds' };
}
