// Addresses of netlink sockets: struct sockaddr_nl (man 7 netlink).
//
//   family (2, host order)  zero (2)  port (4, host order)  groups (4, host order)
import { hostIsLittleEndian as little, viewOf } from '../../wire/bytes.js';

export const AF_NETLINK = 16;
export const NETLINK_ADDRESS_BYTES = 12;

/** The kernel's own, or what a socket binds to: `groups` are the multicast groups to join; its port is chosen by the kernel. */
export function netlinkAddress(groups = 0): Uint8Array {
  const out = new Uint8Array(NETLINK_ADDRESS_BYTES);
  viewOf(out).setUint16(0, AF_NETLINK, little);
  viewOf(out).setUint32(8, groups, little);
  return out;
}

/** The port in an address that the kernel wrote; 0: the kernel's own. */
export const netlinkPort = (address: Uint8Array): number => viewOf(address).getUint32(4, little);
