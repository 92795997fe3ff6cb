// The policies of IPsec of this network namespace, for packets that it sends or forwards.
import type { Address } from '../../model/address.js';
import { sameAddress } from '../../model/identity.js';
import type { IpsecPolicy } from '../../model/ipsec-policy.js';
import { decodeInterfaceAddress, dumpAddresses } from '../../wire/rtnetlink-address.js';
import { decodeDefaults, decodePolicy, dumpPolicies, getDefaults } from '../../wire/xfrm.js';
import { unlessCode } from '../errno.js';
import { using } from '../fd.js';
import { knowsIpsec } from './known-kinds.js';
import { Netlink } from './netlink.js';
import { NetlinkKind } from './netlink-monitor.js';

const readDefaults = (netlink: Netlink): readonly IpsecPolicy[] =>
  unlessCode(() => decodeDefaults(netlink.get(getDefaults(), 'read the default policies of IPsec')), ['EINVAL'], []);

/** Those that stand for defaults included. @throws SystemError */
export function ipsecPolicies(): readonly IpsecPolicy[] {
  if (!knowsIpsec()) return [];
  return using(new Netlink(undefined, NetlinkKind.xfrm), (netlink) => [
    ...netlink.dump(dumpPolicies(), decodePolicy, 'list the policies of IPsec'),
    ...readDefaults(netlink),
  ]);
}

/** Which addresses this host has now. @throws SystemError */
export function ownAddresses(): (address: Address) => boolean {
  const own = using(new Netlink(), (netlink) => netlink.dump(dumpAddresses(), decodeInterfaceAddress, 'list addresses'));
  return (address) => own.some((one) => sameAddress(one.address, address));
}
