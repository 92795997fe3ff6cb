// Unsolicited neighbour advertisements (RFC 4861 §4.4, §7.2.6): how a host announces to the link that it has an IPv6 address now.
//
//      0               1               2               3
//     +---------------+---------------+---------------+---------------+
//     | version 6, class, flow label                                  |
//     |        payload length         | next hdr = 58 | hop limit 255 |
//     |     source = the address itself (16), destination = ff02::1   |
//     +---------------+---------------+-------------------------------+
//     |  type = 136   |   code = 0    |           checksum            |
//     |R|S|O|                        reserved                         |
//     |                       target address (16)                     |
//     |   option: type 2, length 1 (in 8 bytes), the link address (6) |
//     +---------------------------------------------------------------+
import type { Address } from '../model/address.js';
import { encodeAddress } from './address-bytes.js';
import { concat } from './bytes.js';
import { EtherType, encodeEthernet, type Mac, macBytes } from './ethernet.js';
import { encodeIcmpv6 } from './icmpv6.js';

const ALL_NODES: Address = { family: 'inet6', words: [0xff020000, 0, 0, 1] };
const ALL_NODES_MAC: Mac = '33:33:00:00:00:01';
const OVERRIDE = 0x20;
const ROUTER = 0x80;
const HOPS = 255;

/** The whole frame. `router`: this host forwards. @throws RangeError for an address that is not IPv6 */
export function unsolicitedAdvertisement(mac: Mac, address: Address, router: boolean): Uint8Array {
  if (address.family !== 'inet6') throw new RangeError('neighbour discovery carries IPv6 addresses');
  const message = concat(
    Uint8Array.of(136, 0, 0, 0, OVERRIDE | (router ? ROUTER : 0), 0, 0, 0),
    encodeAddress(address),
    Uint8Array.of(2, 1),
    macBytes(mac),
  );
  return encodeEthernet({
    destination: ALL_NODES_MAC,
    source: mac,
    tags: [],
    etherType: EtherType.ipv6,
    payload: encodeIcmpv6(address, ALL_NODES, HOPS, message),
  });
}
