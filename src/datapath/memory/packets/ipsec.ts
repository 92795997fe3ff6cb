// AH and ESP. They are never scheduled: as in the kernel's IPVS they belong to the connection of their key exchange, of UDP from port 500 to port 500
// between the same hosts. As its packets they are looked up, and of their own headers nothing is read or changed.
import type { Family } from '../../../model/address.js';
import { IpProtocol } from '../../../model/ip-protocol.js';
import type { Packet, Parsed } from './packet.js';

const KEY_EXCHANGE_PORT = 500;
/** In IPv6 AH is an extension header: what it protects counts. */
const PROTOCOLS: Readonly<Record<Family, ReadonlySet<number>>> = {
  inet: new Set([IpProtocol.ah, IpProtocol.esp]),
  inet6: new Set([IpProtocol.esp]),
};
const AS_KEY_EXCHANGE = {
  protocol: IpProtocol.udp,
  sourcePort: KEY_EXCHANGE_PORT,
  destinationPort: KEY_EXCHANGE_PORT,
  portless: true,
} as const;

export const isIpsec = (family: Family, protocol: number): boolean => PROTOCOLS[family].has(protocol);

/** Fragments pass, as those of other protocols do. */
export const readIpsec = (packet: Packet): Parsed =>
  packet.fragment ? { kind: 'other', packet } : { kind: 'ok', packet: { ...packet, ...AS_KEY_EXCHANGE } };

/** Endpoint and protocol of a quoted packet, as they are looked up. */
export const quotedPorts = (family: Family, protocol: number): typeof AS_KEY_EXCHANGE | undefined =>
  isIpsec(family, protocol) ? AS_KEY_EXCHANGE : undefined;
