// The macvlans and ipvlans that instances and addresses stand on: made with their instance, and anew when what is under them came back or
// somebody took them away. Meanwhile their instance is in FAULT.

import type { VrrpInstance } from '../../../model/keepalived/instance.js';
import { instanceAt, type VrrpContext } from '../context.js';
import type { InterfaceFacts } from '../messages.js';
import type { LostInterface, VrrpMachine } from '../state/vrrp-machine.js';
import { type NamedInterface, virtualInterfacesOf } from './virtual-interface-names.js';

type Action = 'create' | 'delete';

/** What was refused once will mostly be refused again: no hurry. */
const RETRY_US = 10_000_000;

/** All of an instance; nothing where it uses none, nor without the interface that one stands on. */
export function moveVirtualInterfaces(context: VrrpContext, index: number, action: Action): void {
  const { config } = instanceAt(context, index);
  for (const one of virtualInterfacesOf(context.machine.configuration, config)) move(context, config, action, one);
}

function move(context: VrrpContext, config: VrrpInstance, action: Action, { base, settings }: NamedInterface): void {
  if (context.machine.interfaces.has(base))
    context.effects.push({ kind: 'virtualInterface', action, instance: config.name, base, settings });
}

function moveWhere(context: VrrpContext, action: Action, which: (one: NamedInterface) => boolean): void {
  for (const { config } of context.instances) {
    for (const one of virtualInterfacesOf(context.machine.configuration, config)) if (which(one)) move(context, config, action, one);
  }
}

/** With a deleted interface the kernel deletes what stood on it. */
export function createOn(context: VrrpContext, base: string): void {
  moveWhere(context, 'create', (one) => one.base === base);
}

/** Whether it is one of ours. */
export function isVirtualInterface(context: VrrpContext, name: string): boolean {
  const { configuration } = context.machine;
  return context.instances.some(({ config }) => virtualInterfacesOf(configuration, config).some(({ settings }) => settings.name === name));
}

/**
 * One of ours is not there: deleted by somebody, or refused by the system. Whether it is to be made anew at once: one that worked since it
 * was last missing is, another waits for its time.
 */
export function noteGone(context: VrrpContext, name: string): boolean {
  if (!isVirtualInterface(context, name)) return false;
  const worked = context.machine.lostInterfaces.get(name)?.how !== 'gone';
  lose(context, name, 'gone');
  return worked;
}

export function createAgain(context: VrrpContext, name: string): void {
  moveWhere(context, 'create', ({ settings }) => settings.name === name);
}

/** One of ours as the kernel tells it. It counts as down once it was up: one that is just being made is no reason for FAULT. */
export function noteState(context: VrrpContext, facts: InterfaceFacts, before: InterfaceFacts | undefined): void {
  const { lostInterfaces } = context.machine;
  if (facts.up) {
    if (lostInterfaces.has(facts.name))
      context.machine = { ...context.machine, lostInterfaces: new Map([...lostInterfaces].filter(([name]) => name !== facts.name)) };
  } else if (before?.up === true && isVirtualInterface(context, facts.name)) lose(context, facts.name, 'down');
}

function lose(context: VrrpContext, name: string, how: LostInterface['how']): void {
  const lost = { how, retryAtUs: how === 'gone' ? context.atUs + RETRY_US : Number.POSITIVE_INFINITY };
  context.machine = { ...context.machine, lostInterfaces: new Map(context.machine.lostInterfaces).set(name, lost) };
}

/** Tries again what is due. */
export function retryVirtualInterfaces(context: VrrpContext): void {
  for (const [name, { how, retryAtUs }] of context.machine.lostInterfaces) {
    if (retryAtUs > context.atUs) continue;
    lose(context, name, how);
    createAgain(context, name);
  }
}

export function nextRetryUs({ lostInterfaces }: VrrpMachine): number {
  let next = Number.POSITIVE_INFINITY;
  for (const { retryAtUs } of lostInterfaces.values()) next = Math.min(next, retryAtUs);
  return next;
}

/** At a reload: those that addresses of a kept instance do not need any more, or newly. */
export function moveChangedInterfaces(context: VrrpContext, index: number, old: readonly NamedInterface[], action: Action): void {
  const { config } = instanceAt(context, index);
  const now = virtualInterfacesOf(context.machine.configuration, config);
  const text = (one: NamedInterface) => JSON.stringify(one);
  const [from, against] = action === 'create' ? [now, old] : [old, now];
  const there = new Set(against.map(text));
  for (const one of from) if (!there.has(text(one))) move(context, config, action, one);
}
