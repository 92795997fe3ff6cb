// The macvlans and ipvlans that instances and addresses stand on: made with their instance, and anew when what is under them came back.
import type { KeepalivedConfiguration } from '../../model/keepalived/configuration.js';
import type { VrrpInstance } from '../../model/keepalived/instance.js';
import { interfaceNamesOf, type NamedInterface } from './interface-names.js';
import { instanceAt, type Work } from './work.js';

type Action = 'create' | 'delete';

/** All of an instance; nothing where it uses none, nor without the interface that one stands on. */
export function moveVirtualInterfaces(work: Work, index: number, action: Action): void {
  const { config } = instanceAt(work, index);
  for (const one of virtualInterfacesOf(work.machine.configuration, config)) move(work, config, action, one);
}

export function virtualInterfacesOf(configuration: KeepalivedConfiguration | undefined, config: VrrpInstance): readonly NamedInterface[] {
  const { own, ofAddresses } = interfaceNamesOf(configuration, config);
  return [...(own === undefined ? [] : [own]), ...ofAddresses.values()];
}

function move(work: Work, config: VrrpInstance, action: Action, { base, settings }: NamedInterface): void {
  if (work.machine.interfaces.has(base)) work.effects.push({ kind: 'virtualInterface', action, instance: config.name, base, settings });
}

/** With a deleted interface the kernel deletes what stood on it. */
export function renewVirtualInterfaces(work: Work, base: string): void {
  for (const { config } of work.instances) {
    for (const one of virtualInterfacesOf(work.machine.configuration, config)) if (one.base === base) move(work, config, 'create', one);
  }
}

/** At a reload: those that addresses of a kept instance do not need any more, or newly. */
export function moveChangedInterfaces(work: Work, index: number, old: readonly NamedInterface[], action: Action): void {
  const { config } = instanceAt(work, index);
  const now = virtualInterfacesOf(work.machine.configuration, config);
  const text = (one: NamedInterface) => JSON.stringify(one);
  const [from, against] = action === 'create' ? [now, old] : [old, now];
  const there = new Set(against.map(text));
  for (const one of from) if (!there.has(text(one))) move(work, config, action, one);
}
