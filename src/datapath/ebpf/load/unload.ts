// Removes the datapath from this network namespace: attachments, the pair, every pin. Connections are lost.
import { rmdirSync } from 'node:fs';
import { native } from '../../../sys/addon.js';
import type { LockWait } from '../../../sys/files/lock.js';
import { Netlink } from '../../../sys/netlink/netlink.js';
import { Conf } from '../abi.gen.js';
import { asWriter } from '../open.js';
import { Bpffs } from '../pins/bpffs.js';
import { Tables } from '../table/tables.js';
import { AttachedInterfaces } from './attached-interfaces.js';
import { dropFirewallPath } from './firewall-path.js';
import { forgetSettings } from './kept-settings.js';
import { isLoaded, removePins } from './load.js';
import { removeMarkPath } from './mark-path.js';
import { removePair } from './pair.js';
import { dropUdevRule } from './udev-rule.js';

/** False: nothing was loaded. @throws WeirError lock-busy, SystemError */
export function unloadDatapath(wait: LockWait = {}): boolean {
  const bpffs = Bpffs.find();
  const cookie = bpffs?.cookies().includes(native().netnsCookie());
  if (bpffs === undefined || cookie !== true) return false;
  return asWriter(bpffs.lockPath(), wait, () => {
    const folder = bpffs.path();
    const netlink = new Netlink();
    try {
      const tables = new Tables(folder);
      // Needs CAP_NET_ADMIN, the rest only the files' owner: root without it is refused before anything is gone.
      removeMarkPath(netlink);
      dropFirewallPath(folder);
      removePair(netlink);
      new AttachedInterfaces(folder, tables, netlink).detachAll();
      forgetSettings(folder);
      // A process that has the tables open must not write to them any more.
      if (isLoaded(folder)) tables.conf.set(0, Conf.magic, 0);
      removePins(folder);
    } finally {
      netlink.close();
    }
    rmdirSync(folder);
    dropUdevRule(bpffs);
    return true;
  });
}
