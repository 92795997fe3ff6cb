// TCP ports in a row that no other socket of this host gets while they are held: for packets that are sent by packet sockets.
import { native } from '../addon.js';
import { closeOnError, Fd } from '../fd.js';
import { AF, ANY, SOCK, socketAddress } from './socket-address.js';

export class PortBlock {
  readonly #held: Fd[] = [];

  /** IPv4. @throws SystemError EADDRINUSE: one of them is in use */
  constructor(
    readonly first: number,
    readonly count: number,
  ) {
    closeOnError(this, () => {
      for (let port = first; port < first + count; port++) {
        const fd = new Fd(native().socket(AF.inet, SOCK.stream, 0), `tcp port ${port}, held`);
        this.#held.push(fd);
        native().bind(fd.number, socketAddress(ANY.inet, port));
      }
    });
  }

  close(): void {
    for (const fd of this.#held.splice(0)) fd.close();
  }
}
