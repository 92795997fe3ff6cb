// Datagrams to a Unix socket (man 7 unix), as syslog and systemd receive them: node itself has only stream sockets there.
import { WeirError } from '../../model/errors/weir-error.js';
import { hostIsLittleEndian as little, viewOf } from '../../wire/bytes.js';
import { native } from '../addon.js';
import { closeOnError, Fd } from '../fd.js';
import { SOCK } from './socket-address.js';

const AF_UNIX = 1;
/** struct sockaddr_un's path, without its final NUL. */
const PATH_MAX_BYTES = 107;

/** struct sockaddr_un. A path that begins with @ is an abstract one. @throws WeirError socket-path when it is too long */
function socketAddress(path: string): Uint8Array {
  const name = Buffer.from(path);
  if (name.length === 0 || name.length > PATH_MAX_BYTES) throw new WeirError('socket-path', { path, bytesMax: PATH_MAX_BYTES });
  const abstract = path.startsWith('@');
  const out = new Uint8Array(2 + name.length + (abstract ? 0 : 1));
  viewOf(out).setUint16(0, AF_UNIX, little);
  out.set(name, 2);
  if (abstract) out[2] = 0;
  return out;
}

/** A socket connected to the path of a listener. */
export class UnixDatagram {
  private constructor(readonly fd: Fd) {}

  /** @throws SystemError ENOENT, ECONNREFUSED when no process listens there */
  static connect(path: string): UnixDatagram {
    const address = socketAddress(path);
    return closeOnError(new Fd(native().socket(AF_UNIX, SOCK.datagram, 0), path), (fd) => {
      native().connect(fd.number, address);
      return new UnixDatagram(fd);
    });
  }

  /** Never blocks. @throws SystemError EAGAIN when the listener's queue is full, ECONNREFUSED when it went away */
  send(text: string): void {
    native().sendto(this.fd.number, Buffer.from(text));
  }

  close(): void {
    this.fd.close();
  }
}
