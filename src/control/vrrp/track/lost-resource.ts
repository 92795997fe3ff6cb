// Another program removed a virtual address, route or rule of a master. As in keepalived, the master sends priority 0, removes the rest
// and goes to BACKUP. After a skew the node with the highest priority becomes master and adds all addresses again.

import { logDetail } from '../../machine.js';
import { instanceAt, type VrrpContext } from '../context.js';
import { fallBack } from '../election/sync-group.js';
import { handoverUs } from '../election/timing.js';
import type { Input } from '../messages.js';

export function handleLostResource(context: VrrpContext, lost: Extract<Input, { kind: 'lost' }>): void {
  const index = context.machine.indexOfName.get(lost.instance);
  if (index === undefined || lost.noTrack || instanceAt(context, index).state !== 'master') return;
  logDetail(context, `Netlink reflector reports ${lost.text}`);
  fallBack(context, index, context.atUs + handoverUs(instanceAt(context, index)), true);
}
