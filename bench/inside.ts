// Work done inside a network namespace by this very thread: test runs take their devices from the caller's namespace.
import { native } from '../src/sys/addon.js';
import { Netns } from '../src/sys/namespaces/netns.js';

/** Runs `work` in the named namespace and comes back, whatever happens. `work` must be synchronous. */
export const inside = <T>(namespace: string, work: () => T): T => {
  const home = Netns.own();
  const away = Netns.byName(namespace);
  try {
    native().setns(away.fd.number);
    try {
      return work();
    } finally {
      native().setns(home.fd.number);
    }
  } finally {
    away.close();
    home.close();
  }
};

/** The index of a device in the named namespace. */
export const deviceIndex = (namespace: string, device: string): number => {
  const where = Netns.byName(namespace);
  try {
    return where.ifIndex(device);
  } finally {
    where.close();
  }
};
