// An Ethernet frame with one UDP datagram, as a socket filter is tried with it.
import type { Address } from '../../src/model/address.js';
import { encodeAddress } from '../../src/wire/address-bytes.js';
import { concat } from '../../src/wire/bytes.js';
import { EtherType, encodeEthernet } from '../../src/wire/ethernet.js';
import { encodeIpv4, IPV4_DEFAULTS } from '../../src/wire/ipv4.js';

const UDP = 17;

/** `udp`: the datagram with its UDP header. */
export function udpFrame(source: Address, destination: Address, ttl: number, udp: Uint8Array): Uint8Array {
  const inet = source.family === 'inet';
  return encodeEthernet({
    destination: '02:00:00:00:00:01',
    source: '02:00:00:00:00:02',
    tags: [],
    etherType: inet ? EtherType.ipv4 : EtherType.ipv6,
    payload: inet
      ? encodeIpv4({ ...IPV4_DEFAULTS, ttl, protocol: UDP, source, destination, payload: udp })
      : concat(Uint8Array.of(0x60, 0, 0, 0, 0, udp.length, UDP, ttl), encodeAddress(source), encodeAddress(destination), udp),
  });
}
