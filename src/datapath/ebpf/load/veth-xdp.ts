// Veths that XDP would lose packets by: the kernel hands a redirected frame to the other end only where that polls, with GRO on or an XDP
// program of its own. The loss is counted nowhere but in the driver's own statistics.
import { unlessCode } from '../../../sys/errno.js';
import { using } from '../../../sys/fd.js';
import { NETLINK_GENERIC, Netlink } from '../../../sys/netlink/netlink.js';
import { decodeFamily, lookUpFamily } from '../../../wire/ethtool.js';
import { decodeXdpFeatures, getDevice, XDP_TRANSMITS } from '../../../wire/netdev.js';
import { decodeLink, dumpLinks, LinkFlag } from '../../../wire/rtnetlink-link.js';
import { hooksOf, isAttachable } from './hook-choice.js';

/** The names of the veths that lose packets under XDP. None where the kernel does not show it (Linux before 6.3). */
export function losingVeths(): readonly string[] {
  const links = using(new Netlink(), (netlink) => netlink.dump(dumpLinks(), decodeLink, 'list the interfaces'));
  // Of an end that is down the kernel does not show what it will do when it is up.
  const veths = links.filter(
    (link) =>
      link.kind === 'veth' && isAttachable(link) && hooksOf(link, links, 'xdp').includes('xdp') && (link.flags & LinkFlag.lowerUp) !== 0,
  );
  return using(new Netlink(undefined, NETLINK_GENERIC), (netlink) => {
    const answer = unlessCode(() => netlink.get(lookUpFamily('netdev'), 'find netdev'), ['ENOENT'], undefined);
    const family = answer === undefined ? undefined : decodeFamily(answer);
    if (family === undefined) return [];
    return veths.flatMap(({ ifindex, name }) => {
      const device = unlessCode(
        () => netlink.get(getDevice(family, ifindex), `read what ${name} can do`),
        ['ENODEV', 'EOPNOTSUPP'],
        undefined,
      );
      const features = device === undefined ? undefined : decodeXdpFeatures(device);
      return features === undefined || (features & XDP_TRANSMITS) !== 0n ? [] : [name];
    });
  });
}
