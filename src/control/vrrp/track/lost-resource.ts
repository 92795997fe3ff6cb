// Somebody took a virtual address, route or rule of a master away. As keepalived does: mastership is given up with a goodbye,
// whatever is left is taken away, and after one skew the fittest node takes it again, all addresses anew.

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
