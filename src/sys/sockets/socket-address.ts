// Addresses of sockets as the kernel has them: struct sockaddr_in and sockaddr_in6 (man 7 ip, man 7 ipv6).
//
//   sockaddr_in    family (2, host order)  port (2)  address (4)  zero (8)
//   sockaddr_in6   family (2, host order)  port (2)  flow (4)  address (16)  scope (4, host order)
import type { Address, Family } from '../../model/address.js';
import { decodeAddress } from '../../wire/address-bytes.js';
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

const BYTES: Readonly<Record<Family, number>> = { inet: 16, inet6: SOCKET_ADDRESS_BYTES };

/** `scope`: the interface of a link-local address. */
export function socketAddress(address: Address, port = 0, scope = 0): Uint8Array {
  const out = new Uint8Array(BYTES[address.family]);
  writeSocketAddress(viewOf(out), address, port, scope);
  return out;
}

/** Writes all of a socket's address but its zeros. */
function writeSocketAddress(view: DataView, address: Address, port: number, scope: number): void {
  const { family, words } = address;
  const at = family === 'inet' ? 4 : 8;
  if (words.length * 4 !== (family === 'inet' ? 4 : 16)) throw new RangeError(`an ${family} address of ${words.length} words`);
  view.setUint16(0, AF[family], little);
  view.setUint16(2, port);
  for (let word = 0; word < words.length; word++) view.setUint32(at + word * 4, words[word] ?? 0);
  if (family === 'inet6') view.setUint32(24, scope, little);
}

const spare = { inet: new Uint8Array(BYTES.inet), inet6: new Uint8Array(BYTES.inet6) } as const;
const spareViews = { inet: viewOf(spare.inet), inet6: viewOf(spare.inet6) } as const;

/**
 * A socket's address in bytes that the next call writes to again: for a system call that is made immediately, thousands of times a second.
 */
export function spareSocketAddress(address: Address, port: number, scope: number): Uint8Array {
  writeSocketAddress(spareViews[address.family], address, port, scope);
  return spare[address.family];
}

/** The address in what the kernel wrote for a socket of this family. */
export function addressIn(bytes: Uint8Array, family: Family): Address {
  return decodeAddress(family === 'inet' ? bytes.slice(4, 8) : bytes.slice(8, 24)) ?? ANY[family];
}

/** The port of a socket's address of either family. */
export function portIn(bytes: Uint8Array): number {
  return viewOf(bytes).getUint16(2);
}
