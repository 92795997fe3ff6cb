// The sockets of this network namespace that take connections and datagrams, from the kernel.
import { unlessCode } from '../../sys/errno.js';
import { using } from '../../sys/fd.js';
import { Netlink } from '../../sys/netlink/netlink.js';
import { decodeListener, dumpListeners } from '../../wire/sock-diag.js';
import type { SocketFact } from '../facts.js';

const NETLINK_SOCK_DIAG = 4;

/** Undefined: this kernel does not list them. */
export function collectSockets(): readonly SocketFact[] | undefined {
  return using(new Netlink(undefined, NETLINK_SOCK_DIAG), (netlink) =>
    unlessCode(
      () =>
        (['tcp', 'udp'] as const).flatMap((protocol) =>
          (['inet', 'inet6'] as const).flatMap((family) =>
            netlink.dump(dumpListeners(family, protocol), decodeListener, 'list sockets').map((socket) => ({ ...socket, protocol })),
          ),
        ),
      ['ENOENT', 'EOPNOTSUPP', 'EINVAL'],
      undefined,
    ),
  );
}
