// The macvlan or ipvlan of an instance with `use_vmac` or `use_ipvlan`: made with it, and anew when its base came back.
import { virtualInterfaceName } from './place.js';
import { instanceAt, type Work } from './work.js';

/** Nothing for an instance that uses none, nor without the interface that it stands on. */
export function moveVirtualInterface(work: Work, index: number, action: 'create' | 'delete'): void {
  const { config } = instanceAt(work, index);
  const name = virtualInterfaceName(work.machine, config);
  if (name === undefined || config.virtualInterface === undefined || !work.machine.interfaces.has(config.interface ?? '')) return;
  const settings = { ...config.virtualInterface, name };
  work.effects.push({ kind: 'virtualInterface', action, instance: config.name, base: config.interface ?? '', settings });
}

/** With a deleted interface the kernel deletes what stood on it. */
export function renewVirtualInterfaces(work: Work, base: string): void {
  for (const [index, { config }] of work.instances.entries()) {
    if (config.interface === base) moveVirtualInterface(work, index, 'create');
  }
}
