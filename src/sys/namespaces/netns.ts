// Network namespaces as objects: found by name, process or path, identified by their cookie, which is never used twice.
import { WeirError } from '../../model/errors/weir-error.js';
import { native } from '../addon.js';
import { hasCode } from '../errno.js';
import { Fd } from '../fd.js';

/** The folder of the names that `ip netns` gives. */
const NETNS_FOLDER = '/run/netns';

export class Netns {
  private constructor(
    readonly fd: Fd,
    /** SO_NETNS_COOKIE */
    readonly cookie: bigint,
  ) {}

  /**
   * @param what for messages
   * @throws WeirError namespace-missing, namespace-wrong-file (it is no network namespace)
   */
  static byPath(path: string, what: string = path): Netns {
    let fd: Fd;
    try {
      fd = new Fd(native().open(path, 0), what);
    } catch (error) {
      if (hasCode(error, 'ENOENT')) throw new WeirError('namespace-missing', { what }, { cause: error });
      throw error;
    }
    try {
      return new Netns(fd, native().netnsCookie(fd.number));
    } catch (error) {
      fd.close();
      if (hasCode(error, 'EINVAL')) throw new WeirError('namespace-wrong-file', { what }, { cause: error });
      throw error;
    }
  }

  /** A namespace that `ip netns add` made. */
  static byName(name: string): Netns {
    if (name === '' || name === '.' || name === '..' || name.includes('/')) throw new WeirError('namespace-name', { name });
    return Netns.byPath(`${NETNS_FOLDER}/${name}`, name);
  }

  static byPid(pid: number): Netns {
    return Netns.byPath(`/proc/${pid}/ns/net`, `process ${pid}`);
  }

  /** The namespace of the calling thread. */
  static own(): Netns {
    return Netns.byPath('/proc/thread-self/ns/net', 'own network namespace');
  }

  /** @throws SystemError ENODEV */
  ifIndex(name: string): number {
    return native().ifNameToIndex(name, this.fd.number);
  }

  /** A socket in this namespace; this thread may be in another one. */
  socket(domain: number, type: number, protocol: number): Fd {
    return new Fd(native().socket(domain, type, protocol, this.fd.number), `socket ${domain}/${type}/${protocol}`);
  }

  close(): void {
    this.fd.close();
  }
}
