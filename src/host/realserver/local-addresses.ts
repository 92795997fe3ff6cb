// The addresses of this host by which a director may have it as a real server.
import { type Address, type Family, isLinkLocal, isLoopbackAddress } from '../../model/address.js';
import { using } from '../../sys/fd.js';
import { Netlink } from '../../sys/netlink/netlink.js';
import { decodeInterfaceAddress, dumpAddresses } from '../../wire/rtnetlink-address.js';

/** Without those that mean nothing beyond this host or its link. @throws SystemError */
export function localAddresses(): readonly Address[] {
  const found = using(new Netlink(), (netlink) => netlink.dump(dumpAddresses(), decodeInterfaceAddress, 'list addresses'));
  return found.map(({ address }) => address).filter((address) => !isLoopbackAddress(address) && !isLinkLocal(address));
}

/** IPv4 where the host has it: that is how directors have had real servers since there were tunnels. @throws SystemError */
export const outerFamilyHere = (): Family =>
  localAddresses().some(({ family }) => family === 'inet') || localAddresses().length === 0 ? 'inet' : 'inet6';
