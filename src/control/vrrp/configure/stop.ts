// The end: masters say goodbye, what was put on the host is taken away, everybody is told.

import { moveVirtualInterfaces } from '../interfaces/virtual-interfaces.js';
import { releaseAddresses } from '../resources/host-resources.js';
import { sendZeroPriority } from '../send/advert.js';
import { notifyGroup, notifyInstance } from '../send/notify.js';
import { change, count, instanceAt, type Work } from '../step-context.js';

/** `keep`: addresses stay and no goodbye is said, so that nobody takes over. Afterwards the machine does nothing any more. */
export function stop(work: Work, keep: boolean): void {
  for (const index of work.instances.keys()) {
    if (!keep) letGo(work, index);
    change(work, index, { state: 'init', want: 'init', timerAtUs: undefined, garp: [], refreshAtUs: undefined, extraAtUs: undefined });
  }
  for (const index of work.instances.keys()) notifyInstance(work, index, 'STOP');
  for (const index of work.groups.keys()) notifyGroup(work, index, 'STOP');
  work.machine = { ...work.machine, stopped: true };
}

/** An instance's own end; also of one that a reload took away. */
export function letGo(work: Work, index: number): void {
  const { state, addressesSet } = instanceAt(work, index);
  if (state === 'master') {
    count(work, index, 'releasedMaster');
    sendZeroPriority(work, index);
  }
  if (addressesSet) releaseAddresses(work, index);
  moveVirtualInterfaces(work, index, 'delete');
}
