// A released instance leaves its addresses to its peers: for a drain of its director, or because an operator asked for that. It goes on to serve them
// until a peer has taken over, so that nothing is interrupted where there is none. Priority 0 makes every backup take over, also one with nopreempt;
// the adverts of priority 1 that follow keep those of two released directors from taking turns.
import type { Released } from '../../../model/released.js';
import { change, groupAt, instanceAt, logInstance, type VrrpContext } from '../context.js';
import { sendNow } from '../election/master-adverts.js';
import type { InstanceState } from '../state/instance-state.js';
import { updatePriority } from './settle.js';

/** A member of a sync group is released with the others. */
function isReleased(context: VrrpContext, { config, group }: InstanceState): boolean {
  const { drain, instances } = context.machine.released;
  const names = group < 0 ? [config.name] : groupAt(context, group).members.map((member) => instanceAt(context, member).config.name);
  return drain !== null || names.some((name) => instances.includes(name));
}

/** Of instances as a configuration has them now; what follows of it the caller does. */
export function noteReleased(context: VrrpContext): void {
  for (const index of context.instances.keys()) {
    const instance = instanceAt(context, index);
    const release = isReleased(context, instance) ? (instance.release ?? { zeroAtUs: context.atUs, silentUntilUs: 0 }) : undefined;
    change(context, index, { release });
  }
}

export function handleReleased(context: VrrpContext, released: Released): void {
  context.machine = { ...context.machine, released };
  const before = context.instances.map(({ release }) => release);
  noteReleased(context);
  for (const index of context.instances.keys()) {
    const { release, state } = instanceAt(context, index);
    if ((release === undefined) === (before[index] === undefined)) continue;
    logInstance(context, index, release === undefined ? 'is released no more' : 'is released: its peers take over its addresses');
    updatePriority(context, index);
    if (state === 'master') sendNow(context, index);
  }
}
