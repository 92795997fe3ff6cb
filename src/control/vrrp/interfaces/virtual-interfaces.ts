// The virtual interfaces (macvlans, ipvlans) of instances and addresses. They are made with their instance, and again when their base
// interface returns or another program deleted them. Until they work, their instance is in FAULT.

import type { VrrpInstance } from '../../../model/keepalived/instance.js';
import { instanceAt, type VrrpContext } from '../context.js';
import type { InterfaceFacts } from '../messages.js';
import type { LostInterface, VrrpMachine } from '../state/vrrp-machine.js';
import { type NamedInterface, virtualInterfacesOf } from './virtual-interface-names.js';

type Action = 'create' | 'delete';

/** What the system refused once, it will mostly refuse again. */
const RETRY_US = 10_000_000;

/** Makes or deletes all of an instance's, except those whose base interface does not exist. */
export function changeVirtualInterfaces(context: VrrpContext, index: number, action: Action): void {
  const { config } = instanceAt(context, index);
  for (const one of virtualInterfacesOf(context.machine.configuration, config)) changeOne(context, config, action, one);
}

function changeOne(context: VrrpContext, config: VrrpInstance, action: Action, { base, settings }: NamedInterface): void {
  if (context.machine.interfaces.has(base))
    context.effects.push({ kind: 'virtualInterface', action, instance: config.name, base, settings });
}

function createWhere(context: VrrpContext, which: (one: NamedInterface) => boolean): void {
  for (const { config } of context.instances) {
    for (const one of virtualInterfacesOf(context.machine.configuration, config)) if (which(one)) changeOne(context, config, 'create', one);
  }
}

/** Makes the virtual interfaces on a base interface that has returned: the kernel deleted them with it. */
export function createVirtualInterfacesOn(context: VrrpContext, base: string): void {
  createWhere(context, (one) => one.base === base);
}

/** Whether it is one that weir makes. */
export function isVirtualInterface(context: VrrpContext, name: string): boolean {
  const { configuration } = context.machine;
  return context.instances.some(({ config }) => virtualInterfacesOf(configuration, config).some(({ settings }) => settings.name === name));
}

/**
 * One of ours is missing: another program deleted it, or the system refused to make it. Answers whether it must be made again now, which
 * holds if it has worked since it was last missing; else it waits for its retry.
 */
export function markGone(context: VrrpContext, name: string): boolean {
  if (!isVirtualInterface(context, name)) return false;
  const worked = context.machine.lostInterfaces.get(name)?.how !== 'gone';
  markLost(context, name, 'gone');
  return worked;
}

export function recreateVirtualInterface(context: VrrpContext, name: string): void {
  createWhere(context, ({ settings }) => settings.name === name);
}

/** Records what the kernel reports of one. It counts as down only after it was up: one that is being made is no reason for FAULT. */
export function updateLostInterface(context: VrrpContext, facts: InterfaceFacts, before: InterfaceFacts | undefined): void {
  const { lostInterfaces } = context.machine;
  if (facts.up) {
    if (lostInterfaces.has(facts.name))
      context.machine = { ...context.machine, lostInterfaces: new Map([...lostInterfaces].filter(([name]) => name !== facts.name)) };
  } else if (before?.up === true && isVirtualInterface(context, facts.name)) markLost(context, facts.name, 'down');
}

function markLost(context: VrrpContext, name: string, how: LostInterface['how']): void {
  const lost = { how, retryAtUs: how === 'gone' ? context.atUs + RETRY_US : Number.POSITIVE_INFINITY };
  context.machine = { ...context.machine, lostInterfaces: new Map(context.machine.lostInterfaces).set(name, lost) };
}

/** Makes those again whose retry is due. */
export function retryVirtualInterfaces(context: VrrpContext): void {
  for (const [name, { how, retryAtUs }] of context.machine.lostInterfaces) {
    if (retryAtUs > context.atUs) continue;
    markLost(context, name, how);
    recreateVirtualInterface(context, name);
  }
}

export function nextRetryUs({ lostInterfaces }: VrrpMachine): number {
  let next = Number.POSITIVE_INFINITY;
  for (const { retryAtUs } of lostInterfaces.values()) next = Math.min(next, retryAtUs);
  return next;
}

/** At a reload, for an instance that stays: deletes those that its addresses no longer need, or makes new ones. */
export function applyInterfaceChanges(context: VrrpContext, index: number, old: readonly NamedInterface[], action: Action): void {
  const { config } = instanceAt(context, index);
  const now = virtualInterfacesOf(context.machine.configuration, config);
  const text = (one: NamedInterface) => JSON.stringify(one);
  const [from, against] = action === 'create' ? [now, old] : [old, now];
  const there = new Set(against.map(text));
  for (const one of from) if (!there.has(text(one))) changeOne(context, config, action, one);
}
