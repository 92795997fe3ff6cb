// Interfaces as the kernel tells of them: up and down (held back by interface_up_down_delays), addresses that adverts come from.
import type { Address } from '../../../model/address.js';
import { formatAddress } from '../../../model/address-text.js';
import { addressId, sameAddress } from '../../../model/identity.js';
import type { KeepalivedConfiguration } from '../../../model/keepalived/configuration.js';
import type { VrrpInstance } from '../../../model/keepalived/instance.js';
import type { TrackedSet } from '../../../model/keepalived/trackers.js';
import { sourceOn } from '../interfaces/placement.js';
import { neededLinks } from '../interfaces/required-interfaces.js';
import {
  isVirtualInterface,
  noteGone,
  noteState,
  renewVirtualInterface,
  renewVirtualInterfaces,
} from '../interfaces/virtual-interfaces.js';
import type { InterfaceFacts } from '../messages.js';
import type { InstanceState, VrrpMachine } from '../state.js';
import { change, say, sayDetail, type Work } from '../step-context.js';
import { OWNER_PRIORITY } from './health.js';
import { settleAll } from './settle.js';

/** A change of up or down that must last before it counts. */
export interface HeldLink {
  readonly up: boolean;
  readonly atUs: number;
}

export function interfaceChanged(work: Work, told: InterfaceFacts): void {
  // Another one of the same name, whose predecessor's end was not heard of: nothing that stood on that is there any more.
  const known = work.machine.interfaces.get(told.name);
  if (known !== undefined && known.index !== told.index) interfaceGone(work, told.name, true);
  const before = work.machine.interfaces.get(told.name);
  if (before === undefined && concerns(work, told.name)) say(work, `Interface ${told.name} added`);
  const up = upNow(work, before, told);
  const facts = up === told.up ? told : { ...told, up };
  if (concerns(work, told.name)) logAddresses(work, before, facts);
  takeFacts(work, facts, before);
}

/** `expected`: one of ours that is gone because we took it away, or replaced it. */
export function interfaceGone(work: Work, name: string, expected = false): void {
  const before = work.machine.interfaces.get(name);
  const anew = !expected && noteGone(work, name);
  if (before === undefined) {
    settleAll(work);
    return;
  }
  if (concerns(work, name)) {
    if (before.up) say(work, `Netlink reports ${name} down`);
    say(work, `Interface ${name} deleted`);
  }
  const interfaces = new Map(work.machine.interfaces);
  interfaces.delete(name);
  work.machine = { ...work.machine, interfaces, heldLinks: without(work.machine.heldLinks, name) };
  renewSources(work);
  settleAll(work);
  if (anew) renewVirtualInterface(work, name);
}

/** Whether any instance or group looks at this interface. */
function concerns(work: Work, name: string): boolean {
  const tracked = (set: TrackedSet) => set.interfaces.some((one) => one.name === name);
  const needs = (config: VrrpInstance) => neededLinks(work.machine.configuration, config).includes(name);
  return (
    work.instances.some(({ config }) => config.interface === name || tracked(config.track) || needs(config)) ||
    work.groups.some(({ config }) => tracked(config.track))
  );
}

/** The state that counts now; another one is held until its delay is over. */
function upNow(work: Work, before: InterfaceFacts | undefined, told: InterfaceFacts): boolean {
  const { heldLinks } = work.machine;
  if (before === undefined || told.up === before.up) {
    work.machine = { ...work.machine, heldLinks: without(heldLinks, told.name) };
    return told.up;
  }
  const delayUs = delayOf(work.machine.configuration, told);
  if (delayUs === 0) return told.up;
  const held = heldLinks.get(told.name);
  if (held?.up !== told.up) {
    say(work, `${told.name}: going ${told.up ? 'up' : 'down'} is held back by ${delayUs}`);
    work.machine = { ...work.machine, heldLinks: new Map(heldLinks).set(told.name, { up: told.up, atUs: work.atUs + delayUs }) };
  }
  return before.up;
}

/** How long an interface must be as it is now before that counts. */
function delayOf(configuration: KeepalivedConfiguration | undefined, { name, up }: InterfaceFacts): number {
  const delays = configuration?.root.interfaceDelays.find((one) => one.interface === name);
  return (up ? delays?.upUs : delays?.downUs) ?? 0;
}

/** Interfaces as a reload finds them: a change that is held back is so still, while the file says that it shall. */
export function linksAtReload(
  machine: VrrpMachine,
  configuration: KeepalivedConfiguration,
  told: readonly InterfaceFacts[],
): Pick<VrrpMachine, 'interfaces' | 'heldLinks'> {
  const interfaces = new Map<string, InterfaceFacts>();
  const heldLinks = new Map<string, HeldLink>();
  for (const facts of told) {
    const [held, before] = [machine.heldLinks.get(facts.name), machine.interfaces.get(facts.name)];
    const waits = held?.up === facts.up && before?.index === facts.index && delayOf(configuration, facts) > 0;
    if (waits) heldLinks.set(facts.name, held);
    interfaces.set(facts.name, waits ? { ...facts, up: before.up } : facts);
  }
  return { interfaces, heldLinks };
}

/** Changes whose delay is over. */
export function applyDueLinks(work: Work): void {
  for (const [name, { up, atUs }] of work.machine.heldLinks) {
    if (atUs > work.atUs) continue;
    work.machine = { ...work.machine, heldLinks: without(work.machine.heldLinks, name) };
    const facts = work.machine.interfaces.get(name);
    if (facts !== undefined) takeFacts(work, { ...facts, up }, facts);
  }
}

export function nextLinkUs(machine: VrrpMachine): number {
  let next = Number.POSITIVE_INFINITY;
  for (const { atUs } of machine.heldLinks.values()) next = Math.min(next, atUs);
  return next;
}

/** Up or down otherwise than before. That one of ours which is being made comes up is none. */
function isNews(work: Work, { name, up }: InterfaceFacts, before: InterfaceFacts | undefined): boolean {
  if (isVirtualInterface(work, name)) return up ? work.machine.lostLinks.has(name) : before?.up === true;
  return (before?.up ?? false) !== up && concerns(work, name);
}

function takeFacts(work: Work, facts: InterfaceFacts, before: InterfaceFacts | undefined): void {
  if (isNews(work, facts, before)) say(work, `Netlink reports ${facts.name} ${facts.up ? 'up' : 'down'}`);
  noteState(work, facts, before);
  work.machine = { ...work.machine, interfaces: new Map(work.machine.interfaces).set(facts.name, facts) };
  if (before === undefined) renewVirtualInterfaces(work, facts.name);
  renewSources(work);
  settleAll(work);
}

/** The addresses that instances hold or may hold: no advert comes from them if another address is there. */
function virtualAddresses(instances: readonly InstanceState[]): ReadonlySet<string> {
  return new Set(
    instances.flatMap(({ config }) => [...config.addresses, ...config.excludedAddresses].map(({ address }) => addressId(address))),
  );
}

/** The source address of an instance: the one it has while that is there. */
export function sourceFor(machine: VrrpMachine, instance: InstanceState, virtual: ReadonlySet<string>): Address | undefined {
  const { config, source } = instance;
  const facts = config.interface === undefined ? undefined : machine.interfaces.get(config.interface);
  const kept = source !== undefined && facts?.addresses.some((address) => sameAddress(address, source)) === true;
  if (kept && config.sourceAddress === undefined && !virtual.has(addressId(source))) return source;
  const found = sourceOn(config, facts, virtual);
  return found ?? (config.priority === OWNER_PRIORITY ? sourceOn(config, facts, new Set()) : undefined);
}

export function renewSources(work: Work): void {
  const virtual = virtualAddresses(work.instances);
  for (const [index, instance] of work.instances.entries()) {
    const source = sourceFor(work.machine, instance, virtual);
    if (source !== instance.source) change(work, index, { source, lastSource: source ?? instance.source });
  }
}

function logAddresses(work: Work, before: InterfaceFacts | undefined, after: InterfaceFacts): void {
  const virtual = virtualAddresses(work.instances);
  const had = new Set(before?.addresses.map(addressId) ?? []);
  const has = new Set(after.addresses.map(addressId));
  const tell = (address: Address, what: readonly [string, string]) => {
    if (!virtual.has(addressId(address)))
      sayDetail(work, `${what[0]} address ${formatAddress(address)} ${what[1]} interface ${after.name}`);
  };
  for (const address of before?.addresses ?? []) if (!has.has(addressId(address))) tell(address, ['Deassigned', 'from']);
  for (const address of after.addresses) if (!had.has(addressId(address))) tell(address, ['Assigned', 'for']);
}

function without<T>(map: ReadonlyMap<string, T>, name: string): ReadonlyMap<string, T> {
  if (!map.has(name)) return map;
  const copy = new Map(map);
  copy.delete(name);
  return copy;
}
