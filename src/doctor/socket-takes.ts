// Which packets a listening socket takes, by their destination.
import { type Address, isIpv4Mapped, isUnspecified } from '../model/address.js';
import { sameAddress } from '../model/identity.js';
import type { SocketFact } from './facts.js';

/** Whether the socket takes packets for this address. One of IPv6 takes IPv4, too, unless it is for IPv6 alone. */
export function takes(socket: SocketFact, address: Address): boolean {
  if (!isUnspecified(socket.address)) return sameAddress(socket.address, address) || isMappedFrom(socket.address, address);
  return socket.family === address.family || (address.family === 'inet' && !socket.sixOnly);
}

/** Is `six` this IPv4 address, in IPv6's form? */
const isMappedFrom = (six: Address, four: Address): boolean =>
  four.family === 'inet' && isIpv4Mapped(six) && six.words[3] === four.words[0];

/** A listener of TCP whose queue of connections is full: the process accepts none. */
export const isFull = ({ protocol, waiting, waitingMax }: SocketFact): boolean =>
  protocol === 'tcp' && waitingMax > 0 && waiting > waitingMax;
