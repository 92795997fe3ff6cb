// Listens as syslog and systemd do: datagrams at a path, @… for an abstract one.
import { native } from '../../src/sys/addon.js';
import { Fd } from '../../src/sys/fd.js';

const AF_UNIX = 1;
const SOCK_DGRAM = 2;

export class UnixListener {
  readonly #fd = new Fd(native().socket(AF_UNIX, SOCK_DGRAM, 0), 'listener');

  constructor(path: string) {
    const address = Buffer.concat([Buffer.from([AF_UNIX, 0]), Buffer.from(path.replace(/^@/, '\0'))]);
    native().bind(this.#fd.number, address);
  }

  /** The next datagram, or undefined when none is waiting. */
  read(): string | undefined {
    const room = new Uint8Array(1 << 16);
    const length = native().recvfrom(this.#fd.number, room);
    return length < 0 ? undefined : Buffer.from(room.subarray(0, length)).toString();
  }

  close(): void {
    this.#fd.close();
  }
}
