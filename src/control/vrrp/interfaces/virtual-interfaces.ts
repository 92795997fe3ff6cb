// The macvlans and ipvlans that instances and addresses stand on: made with their instance, and anew when what is under them came back or
// somebody took them away. Meanwhile their instance is in FAULT.
import type { KeepalivedConfiguration } from '../../../model/keepalived/configuration.js';
import type { VrrpInstance } from '../../../model/keepalived/instance.js';
import type { InterfaceFacts } from '../messages.js';
import type { VrrpMachine } from '../state.js';
import { instanceAt, type Work } from '../step-context.js';
import { interfaceNamesOf, type NamedInterface } from './virtual-interface-names.js';

type Action = 'create' | 'delete';

/** One of ours that does not work: gone (or never made, the system refused it), or down. */
export interface LostLink {
  readonly how: 'gone' | 'down';
  /** When making it is tried again. */
  readonly retryAtUs: number;
}

/** What was refused once will mostly be refused again: no hurry. */
const RETRY_US = 10_000_000;

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

function moveWhere(work: Work, action: Action, which: (one: NamedInterface) => boolean): void {
  for (const { config } of work.instances) {
    for (const one of virtualInterfacesOf(work.machine.configuration, config)) if (which(one)) move(work, config, action, one);
  }
}

/** With a deleted interface the kernel deletes what stood on it. */
export function renewVirtualInterfaces(work: Work, base: string): void {
  moveWhere(work, 'create', (one) => one.base === base);
}

/** Whether it is one of ours. */
export function isVirtualInterface(work: Work, name: string): boolean {
  const { configuration } = work.machine;
  return work.instances.some(({ config }) => virtualInterfacesOf(configuration, config).some(({ settings }) => settings.name === name));
}

/**
 * One of ours is not there: deleted by somebody, or refused by the system. Whether it is to be made anew at once: one that worked since it
 * was last missing is, another waits for its time.
 */
export function noteGone(work: Work, name: string): boolean {
  if (!isVirtualInterface(work, name)) return false;
  const worked = work.machine.lostLinks.get(name)?.how !== 'gone';
  lose(work, name, 'gone');
  return worked;
}

export function renewVirtualInterface(work: Work, name: string): void {
  moveWhere(work, 'create', ({ settings }) => settings.name === name);
}

/** One of ours as the kernel tells it. It counts as down once it was up: one that is just being made is no reason for FAULT. */
export function noteState(work: Work, facts: InterfaceFacts, before: InterfaceFacts | undefined): void {
  const { lostLinks } = work.machine;
  if (facts.up) {
    if (lostLinks.has(facts.name))
      work.machine = { ...work.machine, lostLinks: new Map([...lostLinks].filter(([name]) => name !== facts.name)) };
  } else if (before?.up === true && isVirtualInterface(work, facts.name)) lose(work, facts.name, 'down');
}

function lose(work: Work, name: string, how: LostLink['how']): void {
  const lost = { how, retryAtUs: how === 'gone' ? work.atUs + RETRY_US : Number.POSITIVE_INFINITY };
  work.machine = { ...work.machine, lostLinks: new Map(work.machine.lostLinks).set(name, lost) };
}

/** Tries again what is due. */
export function retryVirtualInterfaces(work: Work): void {
  for (const [name, { how, retryAtUs }] of work.machine.lostLinks) {
    if (retryAtUs > work.atUs) continue;
    lose(work, name, how);
    renewVirtualInterface(work, name);
  }
}

export function nextRetryUs({ lostLinks }: VrrpMachine): number {
  let next = Number.POSITIVE_INFINITY;
  for (const { retryAtUs } of lostLinks.values()) next = Math.min(next, retryAtUs);
  return next;
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
