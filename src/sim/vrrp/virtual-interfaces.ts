// Macvlans on a simulated host. The kernel reports them as any interface, shortly after they were made or deleted.
import type { Effect, Input, InterfaceFacts } from '../../control/vrrp/messages.js';
import type { WorldNode } from './world.js';

/** The first index that no interface of a history has. */
const FIRST_INDEX = 1000;

/** The kernel makes no macvlan on an interface that does not exist. */
export const isPossible = ({ interfaces }: WorldNode, effect: Effect): boolean =>
  effect.kind !== 'virtualInterface' || effect.action === 'delete' || interfaces.has(effect.base);

/** Makes or deletes a macvlan; answers what the kernel reports to the process. */
export function applyVirtualInterface(node: WorldNode, effect: Effect): Input | undefined {
  if (effect.kind !== 'virtualInterface') return undefined;
  const { action, base, settings } = effect;
  const name = settings.name ?? '';
  if (action === 'delete') return node.virtuals.delete(name) ? { kind: 'interfaceGone', name } : undefined;
  const below = node.interfaces.get(base);
  if (below === undefined) return { kind: 'interfaceGone', name };
  const there = node.virtuals.get(name)?.facts;
  const index = there?.index ?? FIRST_INDEX + node.virtualsMade++;
  const facts: InterfaceFacts = { ...below, name, index, addresses: [] };
  node.virtuals.set(name, { base, facts });
  return { kind: 'interface', facts };
}

/** Macvlans are deleted with their base interface, or go up and down with it; answers what the kernel reports. */
export function changeOnBase(node: WorldNode, base: string, change: 'up' | 'down' | 'gone'): readonly Input[] {
  const above = [...node.virtuals].filter(([, one]) => one.base === base);
  return above.map(([name, { facts }]): Input => {
    if (change === 'gone') {
      node.virtuals.delete(name);
      return { kind: 'interfaceGone', name };
    }
    const changed = { ...facts, up: change === 'up' };
    node.virtuals.set(name, { base, facts: changed });
    return { kind: 'interface', facts: changed };
  });
}
