// A director of this network namespace whose pins this process cannot see: that of the host in a container with the host's network, or the
// other way round. A second one would balance the same packets, and would take weir0 along when it goes.
import { native } from '../../../sys/addon.js';
import { systemClock } from '../../../sys/clock.js';
import { unlessCode } from '../../../sys/errno.js';
import type { Netlink } from '../../../sys/netlink/netlink.js';
import { decodeLink, dumpLinks } from '../../../wire/rtnetlink-link.js';
import { pairOf } from './pair.js';

const LOOPBACK = 1;
const BPF_TCX_INGRESS = 46;
/** The kernel detaches a little after the last pin is gone. */
const TRIES_MAX = 20;
const PAUSE_MS = 10;

/** EINVAL: before Linux 6.6 there is no tcx. */
const isAttached = (): boolean => unlessCode(() => native().bpfProgQuery(LOOPBACK, BPF_TCX_INGRESS), ['EINVAL'], []).length > 0;

/** To be asked where there are no pins. Without programs, weir0 is what a killed command left. @throws SystemError EPERM without root, with weir0 */
export function isLoadedElsewhere(netlink: Netlink): boolean {
  if (pairOf(netlink.dump(dumpLinks(), decodeLink, 'list the interfaces')).near === undefined) return false;
  for (let tries = 1; isAttached(); tries++) {
    if (tries === TRIES_MAX) return true;
    systemClock.sleep(PAUSE_MS);
  }
  return false;
}
