// The addresses of this host, with their networks.
import { isLinkLocal, isLoopbackAddress } from '../model/address.js';
import type { Subnet } from '../model/subnet.js';
import { using } from '../sys/fd.js';
import { Netlink } from '../sys/netlink/netlink.js';
import { decodeInterfaceAddress, dumpAddresses } from '../wire/rtnetlink-address.js';

/** Without those that mean nothing beyond this host or its link. @throws SystemError */
export function ownSubnets(): readonly Subnet[] {
  const found = using(new Netlink(), (netlink) => netlink.dump(dumpAddresses(), decodeInterfaceAddress, 'list addresses'));
  return found
    .filter(({ address }) => !isLoopbackAddress(address) && !isLinkLocal(address))
    .map(({ address, prefixLength }) => ({ address, prefixLength }));
}
