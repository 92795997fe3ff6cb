// Interfaces as the kernel reports them: up and down (delayed by interface_up_down_delays), and the source addresses of adverts.

import type { Address } from '../../../model/address.js';
import { formatAddress } from '../../../model/address-text.js';
import { addressId, sameAddress } from '../../../model/identity.js';
import type { KeepalivedConfiguration } from '../../../model/keepalived/configuration.js';
import type { VrrpInstance } from '../../../model/keepalived/instance.js';
import type { TrackedSet } from '../../../model/keepalived/trackers.js';
import { VRRP_OWNER_PRIORITY } from '../../../wire/vrrp.js';
import { log, logDetail } from '../../machine.js';
import { change, type VrrpContext } from '../context.js';
import { sourceOn } from '../interfaces/placement.js';
import { requiredInterfaces } from '../interfaces/required-interfaces.js';
import {
  createVirtualInterfacesOn,
  isVirtualInterface,
  markGone,
  recreateVirtualInterface,
  updateLostInterface,
} from '../interfaces/virtual-interfaces.js';
import type { InterfaceFacts } from '../messages.js';
import type { InstanceState } from '../state/instance-state.js';
import type { HeldInterface, VrrpMachine } from '../state/vrrp-machine.js';
import { settleAll } from './settle.js';

export function handleInterface(context: VrrpContext, reported: InterfaceFacts): void {
  // Another interface of the same name: the deletion of the former one was not reported, and its virtual interfaces are gone with it.
  const known = context.machine.interfaces.get(reported.name);
  if (known !== undefined && known.index !== reported.index) handleInterfaceGone(context, reported.name, true);
  const before = context.machine.interfaces.get(reported.name);
  if (before === undefined && concerns(context, reported.name)) log(context, `Interface ${reported.name} added`);
  const up = upNow(context, before, reported);
  const facts = up === reported.up ? reported : { ...reported, up };
  if (concerns(context, reported.name)) logAddresses(context, before, facts);
  takeFacts(context, facts, before);
}

/** `expected`: one of ours that weir deleted or replaced. */
export function handleInterfaceGone(context: VrrpContext, name: string, expected = false): void {
  const before = context.machine.interfaces.get(name);
  const again = !expected && markGone(context, name);
  if (before === undefined) {
    settleAll(context);
    return;
  }
  if (concerns(context, name)) {
    if (before.up) log(context, `Netlink reports ${name} down`);
    log(context, `Interface ${name} deleted`);
  }
  const interfaces = new Map(context.machine.interfaces);
  interfaces.delete(name);
  context.machine = { ...context.machine, interfaces, heldInterfaces: without(context.machine.heldInterfaces, name) };
  updateSources(context);
  settleAll(context);
  if (again) recreateVirtualInterface(context, name);
}

/** Whether any instance or group depends on this interface. */
function concerns(context: VrrpContext, name: string): boolean {
  const tracked = (set: TrackedSet) => set.interfaces.some((one) => one.name === name);
  const needs = (config: VrrpInstance) => requiredInterfaces(context.machine.configuration, config).includes(name);
  return (
    context.instances.some(({ config }) => config.interface === name || tracked(config.track) || needs(config)) ||
    context.groups.some(({ config }) => tracked(config.track))
  );
}

/** The state that counts now; a change is held until its delay is over. */
function upNow(context: VrrpContext, before: InterfaceFacts | undefined, reported: InterfaceFacts): boolean {
  const { heldInterfaces } = context.machine;
  if (before === undefined || reported.up === before.up) {
    context.machine = { ...context.machine, heldInterfaces: without(heldInterfaces, reported.name) };
    return reported.up;
  }
  const delayUs = delayOf(context.machine.configuration, reported);
  if (delayUs === 0) return reported.up;
  const held = heldInterfaces.get(reported.name);
  if (held?.up !== reported.up) {
    log(context, `${reported.name}: going ${reported.up ? 'up' : 'down'} is held back by ${delayUs}`);
    context.machine = {
      ...context.machine,
      heldInterfaces: new Map(heldInterfaces).set(reported.name, { up: reported.up, atUs: context.atUs + delayUs }),
    };
  }
  return before.up;
}

/** How long an interface must stay as it is now before that counts. */
function delayOf(configuration: KeepalivedConfiguration | undefined, { name, up }: InterfaceFacts): number {
  const delays = configuration?.root.interfaceDelays.find((one) => one.interface === name);
  return (up ? delays?.upUs : delays?.downUs) ?? 0;
}

/** Interfaces at a reload: a change that is held stays held, if the new configuration delays it, too. */
export function interfacesAtReload(
  machine: VrrpMachine,
  configuration: KeepalivedConfiguration,
  reported: readonly InterfaceFacts[],
): Pick<VrrpMachine, 'interfaces' | 'heldInterfaces'> {
  const interfaces = new Map<string, InterfaceFacts>();
  const heldInterfaces = new Map<string, HeldInterface>();
  for (const facts of reported) {
    const [held, before] = [machine.heldInterfaces.get(facts.name), machine.interfaces.get(facts.name)];
    const waits = held?.up === facts.up && before?.index === facts.index && delayOf(configuration, facts) > 0;
    if (waits) heldInterfaces.set(facts.name, held);
    interfaces.set(facts.name, waits ? { ...facts, up: before.up } : facts);
  }
  return { interfaces, heldInterfaces };
}

/** Applies the changes whose delay is over. */
export function applyDueInterfaces(context: VrrpContext): void {
  for (const [name, { up, atUs }] of context.machine.heldInterfaces) {
    if (atUs > context.atUs) continue;
    context.machine = { ...context.machine, heldInterfaces: without(context.machine.heldInterfaces, name) };
    const facts = context.machine.interfaces.get(name);
    if (facts !== undefined) takeFacts(context, { ...facts, up }, facts);
  }
}

export function nextInterfaceUs(machine: VrrpMachine): number {
  let next = Number.POSITIVE_INFINITY;
  for (const { atUs } of machine.heldInterfaces.values()) next = Math.min(next, atUs);
  return next;
}

/** Whether a change of up or down is logged. It is not for a virtual interface that comes up while it is made. */
function isNews(context: VrrpContext, { name, up }: InterfaceFacts, before: InterfaceFacts | undefined): boolean {
  if (isVirtualInterface(context, name)) return up ? context.machine.lostInterfaces.has(name) : before?.up === true;
  return (before?.up ?? false) !== up && concerns(context, name);
}

function takeFacts(context: VrrpContext, facts: InterfaceFacts, before: InterfaceFacts | undefined): void {
  if (isNews(context, facts, before)) log(context, `Netlink reports ${facts.name} ${facts.up ? 'up' : 'down'}`);
  updateLostInterface(context, facts, before);
  context.machine = { ...context.machine, interfaces: new Map(context.machine.interfaces).set(facts.name, facts) };
  if (before === undefined) createVirtualInterfacesOn(context, facts.name);
  updateSources(context);
  settleAll(context);
}

/** All virtual addresses: adverts have none of them as their source if the interface has another address. */
function virtualAddresses(instances: readonly InstanceState[]): ReadonlySet<string> {
  return new Set(
    instances.flatMap(({ config }) => [...config.addresses, ...config.excludedAddresses].map(({ address }) => addressId(address))),
  );
}

/** The source address of an instance. It does not change while the interface has it. */
function sourceFor(machine: VrrpMachine, instance: InstanceState, virtual: ReadonlySet<string>): Address | undefined {
  const { config, source } = instance;
  const facts = config.interface === undefined ? undefined : machine.interfaces.get(config.interface);
  const kept = source !== undefined && facts?.addresses.some((address) => sameAddress(address, source)) === true;
  if (kept && config.sourceAddress === undefined && !virtual.has(addressId(source))) return source;
  const found = sourceOn(config, facts, virtual);
  return found ?? (config.priority === VRRP_OWNER_PRIORITY ? sourceOn(config, facts, new Set()) : undefined);
}

export function updateSources(context: VrrpContext): void {
  const virtual = virtualAddresses(context.instances);
  for (const [index, instance] of context.instances.entries()) {
    const source = sourceFor(context.machine, instance, virtual);
    if (source !== instance.source) change(context, index, { source, lastSource: source ?? instance.source });
  }
}

function logAddresses(context: VrrpContext, before: InterfaceFacts | undefined, after: InterfaceFacts): void {
  const virtual = virtualAddresses(context.instances);
  const had = new Set(before?.addresses.map(addressId) ?? []);
  const has = new Set(after.addresses.map(addressId));
  const report = (address: Address, what: readonly [string, string]) => {
    if (!virtual.has(addressId(address)))
      logDetail(context, `${what[0]} address ${formatAddress(address)} ${what[1]} interface ${after.name}`);
  };
  for (const address of before?.addresses ?? []) if (!has.has(addressId(address))) report(address, ['Deassigned', 'from']);
  for (const address of after.addresses) if (!had.has(addressId(address))) report(address, ['Assigned', 'for']);
}

function without<T>(map: ReadonlyMap<string, T>, name: string): ReadonlyMap<string, T> {
  if (!map.has(name)) return map;
  const copy = new Map(map);
  copy.delete(name);
  return copy;
}
