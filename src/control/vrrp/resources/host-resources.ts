// The host resources of a master: addresses, routes, rules and the firewall's drop rule, added and removed in order.
import type { VrrpInstance } from '../../../model/keepalived/instance.js';
import type { HostAddress } from '../../../model/keepalived/network.js';
import { VRRP_OWNER_PRIORITY } from '../../../wire/vrrp.js';
import { change, instanceAt, logInstanceDetail, type VrrpContext } from '../context.js';
import { type PlacedAddress, place } from './placed-address.js';

/** no_accept: packets to the addresses are dropped unless this router is the address owner. */
export function dropsPackets(config: VrrpInstance): boolean {
  return !config.accept && config.priority !== VRRP_OWNER_PRIORITY;
}

/** The drop rule is added before the addresses, so that no packet is accepted in between. */
export function addResources(context: VrrpContext, index: number): void {
  const { config } = instanceAt(context, index);
  if (dropsPackets(config)) {
    logInstanceDetail(context, index, 'setting firewall drop rule');
    changeFirewall(context, config, 'drop');
  }
  if (config.addresses.length > 0) logInstanceDetail(context, index, 'setting VIPs.');
  changeAddresses(context, config, 'add', place(context.machine, config, config.addresses));
  if (config.excludedAddresses.length > 0) logInstanceDetail(context, index, 'setting E-VIPs.');
  changeAddresses(context, config, 'add', place(context.machine, config, config.excludedAddresses));
  if (config.routes.length > 0) {
    logInstanceDetail(context, index, 'setting Virtual Routes');
    context.effects.push({ kind: 'routes', action: 'add', instance: config.name, routes: config.routes });
  }
  if (config.rules.length > 0) {
    logInstanceDetail(context, index, 'setting Virtual Rules');
    context.effects.push({ kind: 'rules', action: 'add', instance: config.name, rules: config.rules });
  }
  change(context, index, { addressesSet: true });
}

/** Removes them in the opposite order. */
export function removeResources(context: VrrpContext, index: number): void {
  const { config } = instanceAt(context, index);
  if (config.rules.length > 0) {
    logInstanceDetail(context, index, 'removing Virtual Rules');
    context.effects.push({ kind: 'rules', action: 'remove', instance: config.name, rules: config.rules });
  }
  if (config.routes.length > 0) {
    logInstanceDetail(context, index, 'removing Virtual Routes');
    context.effects.push({ kind: 'routes', action: 'remove', instance: config.name, routes: config.routes });
  }
  if (config.addresses.length > 0) logInstanceDetail(context, index, 'removing VIPs.');
  changeAddresses(context, config, 'remove', place(context.machine, config, config.addresses));
  if (config.excludedAddresses.length > 0) logInstanceDetail(context, index, 'removing E-VIPs.');
  changeAddresses(context, config, 'remove', place(context.machine, config, config.excludedAddresses));
  if (dropsPackets(config)) {
    logInstanceDetail(context, index, 'removing firewall drop rule');
    changeFirewall(context, config, 'allow');
  }
  change(context, index, { addressesSet: false });
}

/** One effect per interface, in the order of the configuration. */
export function changeAddresses(
  context: VrrpContext,
  config: VrrpInstance,
  action: 'add' | 'remove',
  hosts: readonly PlacedAddress[],
): void {
  const byInterface = new Map<string, HostAddress[]>();
  for (const { host, interface: name } of hosts) {
    const held = byInterface.get(name);
    if (held === undefined) byInterface.set(name, [host]);
    else held.push(host);
  }
  for (const [name, addresses] of byInterface) {
    context.effects.push({ kind: 'addresses', action, instance: config.name, interface: name, addresses });
  }
}

export function changeFirewall(context: VrrpContext, config: VrrpInstance, action: 'drop' | 'allow'): void {
  context.effects.push({ kind: 'firewall', action, instance: config.name, addresses: [...config.addresses, ...config.excludedAddresses] });
}
