// net_namespace and -s: the daemon lives in a network namespace that `ip netns` names.
import { native } from '../../sys/addon.js';
import { Netns } from '../../sys/namespaces/netns.js';

/** This thread goes there, for good: all that is opened and started from now on is there. @throws Error of one line */
export function enterNamespace(name: string): void {
  const namespace = Netns.byName(name);
  try {
    native().setns(namespace.fd.number);
  } finally {
    namespace.close();
  }
}
