// Addresses of sockets as the kernel has them: struct sockaddr_in and sockaddr_in6 (man 7 ip, man 7 ipv6).
//
//   sockaddr_in    family (2, host order)  port (2)  address (4)  zero (8)
//   sockaddr_in6   family (2, host order)  port (2)  flow (4)  address (16)  scope (4, host order)
import type { Address, Family } from '../../model/address.js';
import { decodeAddress, encodeAddress } from '../../wire/address-bytes.js';
import { hostIsLittleEndian as little, viewOf } from '../../wire/bytes.js';

export const AF = { inet: 2, inet6: 10 } as const;
/** Types of sockets (man 2 socket). */
export const SOCK = { stream: 1, datagram: 2, raw: 3 } as const;
/** Room for either. */
export const SOCKET_ADDRESS_BYTES = 28;
/** The address that stands for every address of a family. */
export const ANY: Readonly<Record<Family, Address>> = {
  inet: { family: 'inet', words: [0] },
  inet6: { family: 'inet6', words: [0, 0, 0, 0] },
};

/** `scope`: the interface of a link-local address. */
export function socketAddress(address: Address, port = 0, scope = 0): Uint8Array {
  const out = new Uint8Array(address.family === 'inet' ? 16 : SOCKET_ADDRESS_BYTES);
  const view = viewOf(out);
  view.setUint16(0, AF[address.family], little);
  view.setUint16(2, port);
  out.set(encodeAddress(address), address.family === 'inet' ? 4 : 8);
  if (address.family === 'inet6') view.setUint32(24, scope, little);
  return out;
}

/** The address in what the kernel wrote for a socket of this family. */
export function addressIn(bytes: Uint8Array, family: Family): Address {
  return decodeAddress(family === 'inet' ? bytes.slice(4, 8) : bytes.slice(8, 24)) ?? ANY[family];
}

export function portIn(bytes: Uint8Array): number {
  return viewOf(bytes).getUint16(2);
}
