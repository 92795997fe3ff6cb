// Reads from the kernel which offloads each interface uses. Needs ethtool's netlink family (Linux 5.6).
import { unlessCode } from '../../sys/errno.js';
import { using } from '../../sys/fd.js';
import { NETLINK_GENERIC, Netlink } from '../../sys/netlink/netlink.js';
import { decodeActiveFeatures, decodeFamily, getFeatures, lookUpFamily } from '../../wire/ethtool.js';
import type { Link } from '../../wire/rtnetlink-link.js';
import type { NotExamined, OffloadFact } from '../facts.js';

/** `notExamined`: why nothing could be read. */
export function collectOffloads(interfaces: readonly Link[]): {
  readonly offloads: readonly OffloadFact[];
  readonly notExamined: readonly NotExamined[];
} {
  return using(new Netlink(undefined, NETLINK_GENERIC), (netlink) => {
    const answer = unlessCode(() => netlink.get(lookUpFamily('ethtool'), 'find ethtool'), ['ENOENT'], undefined);
    const family = answer === undefined ? undefined : decodeFamily(answer);
    if (family === undefined) {
      return { offloads: [], notExamined: [{ what: 'offloads were not examined', cause: 'this kernel has no ethtool over netlink' }] };
    }
    const offloads = interfaces.flatMap(({ ifindex, name }): OffloadFact[] => {
      const features = unlessCode(
        () => netlink.get(getFeatures(family, ifindex), `read features of ${name}`),
        ['EOPNOTSUPP', 'ENODEV'],
        undefined,
      );
      const active = features === undefined ? undefined : decodeActiveFeatures(features);
      return active === undefined ? [] : [{ ifindex, active }];
    });
    return { offloads, notExamined: [] };
  });
}
