// The end of a listening socket that loses no connection: clients that connect from here on get no answer, so that they try again a second later,
// and those that did so before come to its queue. A socket that is closed resets what waits in its queue and what has not come to it yet: a
// connection of which the last acknowledgement or, with TCP_DEFER_ACCEPT, the first byte is on its way (TCP_SYN_RECV).
import type { DestinationKey } from '../../model/service.js';
import { assembleFilter } from '../../wire/classic-bpf.js';
import { decodeListener, dumpHalfOpen } from '../../wire/sock-diag.js';
import { TcpFlag } from '../../wire/tcp.js';
import { native } from '../addon.js';
import { isSystemError, unlessCode } from '../errno.js';
import { using } from '../fd.js';
import { Netlink } from '../netlink/netlink.js';

const NETLINK_SOCK_DIAG = 4;
/** Of the TCP header, with which a segment begins for a filter of its socket. */
const FLAGS_AT = 13;

const noneThatBegins = assembleFilter([
  { do: 'loadByte', k: FLAGS_AT },
  { do: 'ifAny', k: TcpFlag.syn, ifSo: 'drop' },
  { do: 'accept', k: 0xffff_ffff },
  { do: 'accept', k: 0, label: 'drop' },
]);

/** No further connection begins at the socket. Where the kernel does not allow that (CAP_NET_ADMIN) or lacks memory, they begin as before. */
export function beginNoMore(fd: number): void {
  unlessCode(() => native().attachFilter(fd, noneThatBegins), ['EPERM', 'ENOMEM'], undefined);
}

/** Whether connections have begun there and are in no queue yet. Where that cannot be known they may have. */
export function someHaveBegun({ address, port }: DestinationKey): boolean {
  try {
    return using(
      new Netlink(undefined, NETLINK_SOCK_DIAG),
      (netlink) => netlink.dump(dumpHalfOpen(address.family, port), decodeListener, 'list connections').length > 0,
    );
  } catch (error) {
    if (isSystemError(error)) return true;
    throw error;
  }
}
