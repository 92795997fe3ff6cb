// Asks the kernel which offloads each interface uses. A kernel without ethtool's netlink family (before 5.6) tells nothing.
import { unlessCode } from '../../sys/errno.js';
import { using } from '../../sys/fd.js';
import { NETLINK_GENERIC, Netlink } from '../../sys/netlink/netlink.js';
import { decodeActiveFeatures, decodeFamily, getFeatures, lookUpFamily } from '../../wire/ethtool.js';
import type { Link } from '../../wire/rtnetlink-link.js';
import type { BlindSpot, OffloadFact } from '../facts.js';

/** `blind`: why there is nothing to tell. */
export function collectOffloads(links: readonly Link[]): {
  readonly offloads: readonly OffloadFact[];
  readonly blind: readonly BlindSpot[];
} {
  return using(new Netlink(undefined, NETLINK_GENERIC), (netlink) => {
    const answer = unlessCode(() => netlink.get(lookUpFamily('ethtool'), 'find ethtool'), ['ENOENT'], undefined);
    const family = answer === undefined ? undefined : decodeFamily(answer);
    if (family === undefined) {
      return { offloads: [], blind: [{ what: 'offloads were not looked at', cause: 'this kernel has no ethtool over netlink' }] };
    }
    const offloads = links.flatMap(({ ifindex, name }): OffloadFact[] => {
      const features = unlessCode(
        () => netlink.get(getFeatures(family, ifindex), `read features of ${name}`),
        ['EOPNOTSUPP', 'ENODEV'],
        undefined,
      );
      const active = features === undefined ? undefined : decodeActiveFeatures(features);
      return active === undefined ? [] : [{ ifindex, active }];
    });
    return { offloads, blind: [] };
  });
}
