// Somebody took a virtual address, route or rule of a master away. As keepalived does: mastership is given up with a goodbye,
// whatever is left is taken away, and after one skew the fittest node takes it again, all addresses anew.

import { fallBack } from '../election/sync-group.js';
import { handoverUs } from '../election/timing.js';
import type { Input } from '../messages.js';
import { instanceAt, sayDetail, type Work } from '../step-context.js';

export function lostHolding(work: Work, lost: Extract<Input, { kind: 'lost' }>): void {
  const index = work.machine.indexOfName.get(lost.instance);
  if (index === undefined || lost.noTrack || instanceAt(work, index).state !== 'master') return;
  sayDetail(work, `Netlink reflector reports ${lost.text}`);
  fallBack(work, index, work.atUs + handoverUs(instanceAt(work, index)), true);
}
