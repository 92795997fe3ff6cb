// Stop: masters send priority 0, their host resources are removed, scripts and FIFOs are notified.

import { change, count, instanceAt, type VrrpContext } from '../context.js';
import { changeVirtualInterfaces } from '../interfaces/virtual-interfaces.js';
import { removeResources } from '../resources/host-resources.js';
import { sendZeroPriority } from '../send/advert.js';
import { notifyGroup, notifyInstance } from '../send/notify.js';

/** `keep`: the addresses stay and priority 0 is not sent, so that no backup takes over. Afterwards the machine ignores all input. */
export function stop(context: VrrpContext, keep: boolean): void {
  for (const index of context.instances.keys()) {
    if (!keep) endInstance(context, index);
    change(context, index, { state: 'init', want: 'init', timerAtUs: undefined, garp: [], refreshAtUs: undefined, extraAtUs: undefined });
  }
  for (const index of context.instances.keys()) notifyInstance(context, index, 'STOP');
  for (const index of context.groups.keys()) notifyGroup(context, index, 'STOP');
  context.machine = { ...context.machine, stopped: true };
}

/** Ends one instance; also one that a reload removes. */
export function endInstance(context: VrrpContext, index: number): void {
  const { state, addressesSet } = instanceAt(context, index);
  if (state === 'master') {
    count(context, index, 'releasedMaster');
    sendZeroPriority(context, index);
  }
  if (addressesSet) removeResources(context, index);
  changeVirtualInterfaces(context, index, 'delete');
}
