// IPv4 addresses of one network on one interface: the first is the primary, and the kernel removes the others, its secondaries, along with it,
// unless promote_secondaries is set (Documentation/networking/ip-sysctl.rst).

import { contains } from '../../../model/subnet.js';
import { hasCode } from '../../../sys/errno.js';
import { readSetting, writeSetting } from '../../../sys/files/sysctl.js';
import type { InterfaceAddress } from '../../../wire/rtnetlink-address.js';

const pathOf = (name: string): string => `net/ipv4/conf/${name}/promote_secondaries`;
/** /proc/sys is read-only in containers; an interface may go at any time. */
const REFUSED = ['EACCES', 'EPERM', 'EROFS', 'ENOENT'] as const;

/** Whether one of the two is the other's secondary. */
export function shareNetwork(one: InterfaceAddress, other: InterfaceAddress): boolean {
  const { prefixLength } = one;
  if (one.ifindex !== other.ifindex || one.address.family !== 'inet' || other.address.family !== 'inet') return false;
  if (prefixLength !== other.prefixLength || one.scope !== other.scope) return false;
  return contains({ address: one.peer ?? one.address, prefixLength }, other.peer ?? other.address);
}

/** Runs `work` while the kernel keeps the secondaries of what is removed from this interface; false: it does not. */
export function promotingSecondaries(device: string, work: () => void): boolean {
  const path = pathOf(device);
  const before = readSetting(path);
  if (before === '1' || readSetting(pathOf('all')) === '1') {
    work();
    return true;
  }
  try {
    writeSetting(path, '1');
  } catch (error) {
    if (!hasCode(error, ...REFUSED)) throw error;
    work();
    return false;
  }
  try {
    work();
  } finally {
    if (before !== undefined) writeSetting(path, before);
  }
  return true;
}
