// Sockets over netlink (man 7 sock_diag): struct inet_diag_req_v2, inet_diag_msg and its attributes.
//
//      0               1               2               3
//     +---------------+---------------+---------------+---------------+
//     |    family     | state (reply) |     timer     |  retransmits  |   request: family, protocol, extensions, 0, states
//     +---------------+---------------+---------------+---------------+
//     |      source port (BE)         |    destination port (BE)      |
//     |      source (16 bytes), destination (16 bytes)                |
//     |      interface, cookie (8 bytes)                              |
//     |      reply: expires, receive queue, send queue, uid, inode; then attributes: 11 IPv6 only
//     +---------------------------------------------------------------+
import type { Address, Family } from '../model/address.js';
import { IpProtocol } from '../model/ip-protocol.js';
import { decodeAddress } from './address-bytes.js';
import { hostIsLittleEndian as little, viewOf } from './bytes.js';
import { attributeMap, NetlinkFlag, type NetlinkRequest } from './netlink.js';
import { familyNumber } from './rtnetlink.js';

const SOCK_DIAG_BY_FAMILY = 20;
/** TCP_LISTEN; a datagram socket without a peer is in TCP_CLOSE. */
const STATES = { tcp: 10, udp: 7 } as const;
const TCP_SYN_RECV = 3;
const AT = { sourcePort: 4, source: 8, device: 40, receiveQueue: 56, sendQueue: 60, attributes: 72 } as const;
const SKV6ONLY = 11;

/** A socket that takes connections or datagrams. */
export interface ListeningSocket {
  readonly family: Family;
  readonly address: Address;
  readonly port: number;
  /** IPv6: takes no IPv4. */
  readonly sixOnly: boolean;
  /** The interface that it is bound to; 0: any. */
  readonly device: number;
  /** TCP: connections that wait to be accepted, and how many may wait. */
  readonly waiting: number;
  readonly waitingMax: number;
}

/** Asks for the sockets of one family that listen. */
export function dumpListeners(family: Family, protocol: 'tcp' | 'udp'): NetlinkRequest {
  const payload = new Uint8Array(56);
  payload.set([familyNumber(family), IpProtocol[protocol]]);
  viewOf(payload).setUint32(4, 1 << STATES[protocol], little);
  return { type: SOCK_DIAG_BY_FAMILY, flags: NetlinkFlag.dump, payload };
}

/** Asks for the connections to a port of which a listening socket has none yet: decodeListener's values. */
export function dumpHalfOpen(family: Family, port: number): NetlinkRequest {
  const payload = new Uint8Array(56);
  payload.set([familyNumber(family), IpProtocol.tcp]);
  viewOf(payload).setUint32(4, 1 << TCP_SYN_RECV, little);
  viewOf(payload).setUint16(8, port);
  return { type: SOCK_DIAG_BY_FAMILY, flags: NetlinkFlag.dump, payload };
}

/** The socket, or undefined for bytes that are none. */
export function decodeListener(payload: Uint8Array): ListeningSocket | undefined {
  const attributes = payload.length < AT.attributes ? undefined : attributeMap(payload.subarray(AT.attributes));
  const family = payload[0] === 2 ? 'inet' : payload[0] === 10 ? 'inet6' : undefined;
  if (attributes === undefined || family === undefined) return undefined;
  const address = decodeAddress(payload.subarray(AT.source, AT.source + (family === 'inet' ? 4 : 16)));
  if (address === undefined) return undefined;
  const view = viewOf(payload);
  return {
    family,
    address,
    port: view.getUint16(AT.sourcePort),
    sixOnly: attributes.get(SKV6ONLY)?.[0] === 1,
    device: view.getUint32(AT.device, little),
    waiting: view.getUint32(AT.receiveQueue, little),
    waitingMax: view.getUint32(AT.sendQueue, little),
  };
}
