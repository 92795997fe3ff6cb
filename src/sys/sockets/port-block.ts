// TCP ports in a row that no other socket of this host gets while they are held: for packets that are sent by packet sockets.
import type { Family } from '../../model/address.js';
import { assembleFilter } from '../../wire/classic-bpf.js';
import { native } from '../addon.js';
import { closeOnError, Fd } from '../fd.js';
import { AF, ANY, SOCK, socketAddress } from './socket-address.js';
import { ipv6Only } from './socket-options.js';

const nothing = assembleFilter([{ do: 'accept', k: 0 }]);

/**
 * The kernel takes IPv6 packets from an address of its own, as answers by VS/DR have it, and would reset a connection that it did not begin:
 * by lo, as a client of the service. A listening socket that drops all it gets keeps it from that. IPv4 packets of this kind are martians.
 */
function dropAll(fd: Fd): void {
  native().attachFilter(fd.number, nothing);
  native().listen(fd.number, 1);
}

export class PortBlock {
  readonly #held: Fd[] = [];

  /** @throws SystemError EADDRINUSE: one of them is in use; EAFNOSUPPORT: no IPv6 here */
  constructor(
    readonly family: Family,
    readonly first: number,
    readonly count: number,
  ) {
    closeOnError(this, () => {
      for (let port = first; port < first + count; port++) {
        const fd = new Fd(native().socket(AF[family], SOCK.stream, 0), `tcp port ${port}, held`);
        this.#held.push(fd);
        if (family === 'inet6') ipv6Only(fd);
        native().bind(fd.number, socketAddress(ANY[family], port));
        if (family === 'inet6') dropAll(fd);
      }
    });
  }

  close(): void {
    for (const fd of this.#held.splice(0)) fd.close();
  }
}
