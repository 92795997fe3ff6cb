// What a master holds on its host: addresses, routes, rules and the firewall's drop rule, put there and taken away in order.
import type { VrrpInstance } from '../../../model/keepalived/instance.js';
import type { HostAddress } from '../../../model/keepalived/network.js';
import { addressInterface } from '../interfaces/placement.js';
import type { VrrpMachine } from '../state.js';
import { change, detail, instanceAt, type Work } from '../step-context.js';
import { OWNER_PRIORITY } from '../track/health.js';

/** An address and the interface that it goes to. */
export interface PlacedAddress {
  readonly host: HostAddress;
  readonly interface: string;
}

/** Addresses with the interfaces that a configuration sends them to. */
export function place(
  { configuration }: Pick<VrrpMachine, 'configuration'>,
  config: VrrpInstance,
  hosts: readonly HostAddress[],
): readonly PlacedAddress[] {
  return hosts.map((host) => ({ host, interface: addressInterface({ configuration }, config, host) }));
}

/** no_accept: packets to the addresses are dropped unless this host owns them. */
export function dropsPackets(config: VrrpInstance): boolean {
  return !config.accept && config.priority !== OWNER_PRIORITY;
}

/** The drop rule comes before the addresses, so that nothing slips through between them. */
export function holdAddresses(work: Work, index: number): void {
  const { config } = instanceAt(work, index);
  if (dropsPackets(config)) {
    detail(work, index, 'setting firewall drop rule');
    firewall(work, config, 'drop');
  }
  if (config.addresses.length > 0) detail(work, index, 'setting VIPs.');
  moveAddresses(work, config, 'add', place(work.machine, config, config.addresses));
  if (config.excludedAddresses.length > 0) detail(work, index, 'setting E-VIPs.');
  moveAddresses(work, config, 'add', place(work.machine, config, config.excludedAddresses));
  if (config.routes.length > 0) {
    detail(work, index, 'setting Virtual Routes');
    work.effects.push({ kind: 'routes', action: 'add', instance: config.name, routes: config.routes });
  }
  if (config.rules.length > 0) {
    detail(work, index, 'setting Virtual Rules');
    work.effects.push({ kind: 'rules', action: 'add', instance: config.name, rules: config.rules });
  }
  change(work, index, { addressesSet: true });
}

/** In the opposite order. */
export function releaseAddresses(work: Work, index: number): void {
  const { config } = instanceAt(work, index);
  if (config.rules.length > 0) {
    detail(work, index, 'removing Virtual Rules');
    work.effects.push({ kind: 'rules', action: 'remove', instance: config.name, rules: config.rules });
  }
  if (config.routes.length > 0) {
    detail(work, index, 'removing Virtual Routes');
    work.effects.push({ kind: 'routes', action: 'remove', instance: config.name, routes: config.routes });
  }
  if (config.addresses.length > 0) detail(work, index, 'removing VIPs.');
  moveAddresses(work, config, 'remove', place(work.machine, config, config.addresses));
  if (config.excludedAddresses.length > 0) detail(work, index, 'removing E-VIPs.');
  moveAddresses(work, config, 'remove', place(work.machine, config, config.excludedAddresses));
  if (dropsPackets(config)) {
    detail(work, index, 'removing firewall drop rule');
    firewall(work, config, 'allow');
  }
  change(work, index, { addressesSet: false });
}

/** One effect an interface, in the order of the configuration. */
export function moveAddresses(work: Work, config: VrrpInstance, action: 'add' | 'remove', hosts: readonly PlacedAddress[]): void {
  const byInterface = new Map<string, HostAddress[]>();
  for (const { host, interface: name } of hosts) {
    const held = byInterface.get(name);
    if (held === undefined) byInterface.set(name, [host]);
    else held.push(host);
  }
  for (const [name, addresses] of byInterface) {
    work.effects.push({ kind: 'addresses', action, instance: config.name, interface: name, addresses });
  }
}

export function firewall(work: Work, config: VrrpInstance, action: 'drop' | 'allow'): void {
  work.effects.push({ kind: 'firewall', action, instance: config.name, addresses: [...config.addresses, ...config.excludedAddresses] });
}
