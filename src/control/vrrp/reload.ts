// What a reload does to instances that stay and to those that go. Masters stay masters, timers run on; only differences are
// carried out: addresses that are gone are taken away, new ones are set and all announced, the peers hear of it at once.

import { formatAddress } from '../../model/address-text.js';
import type { VrrpInstance } from '../../model/keepalived/instance.js';
import type { HostAddress } from '../../model/keepalived/network.js';
import { sendAdvert, sendZeroPriority } from './advert.js';
import { announce, refreshTimes } from './garp.js';
import { dropsPackets, firewall, moveAddresses, releaseAddresses } from './holdings.js';
import type { InstanceState } from './machine.js';
import { moveVirtualInterface } from './macvlan.js';
import { notifyInstance } from './notify.js';
import { addressInterface } from './place.js';
import { weigh } from './settle.js';
import { failInstance, recover } from './sync.js';
import { masterDownUs, sendIntervalUs } from './timing.js';
import { change, count, detail, instanceAt, log, type Work } from './work.js';

/** An instance that the new configuration does not have. Still in the old configuration's words. */
export function removeInstance(work: Work, index: number): void {
  const { state, addressesSet } = instanceAt(work, index);
  if (state === 'master') {
    count(work, index, 'releasedMaster');
    sendZeroPriority(work, index);
  }
  if (addressesSet) releaseAddresses(work, index);
  change(work, index, { state: 'init', timerAtUs: undefined });
  moveVirtualInterface(work, index, 'delete');
  notifyInstance(work, index, 'DELETED');
}

/** An instance that stays; it has its new configuration already. */
export function keepInstance(work: Work, index: number, old: InstanceState): void {
  weigh(work, index);
  if (old.addressesSet) setAdded(work, index, old.config);
  const now = instanceAt(work, index);
  if (now.state === 'master' && text(old.config.garp) !== text(now.config.garp))
    change(work, index, refreshTimes(now.config.garp, work.atUs));
  if (now.faults.length > 0) {
    if (now.state !== 'fault') failInstance(work, index);
  } else if ((now.state === 'fault' || now.state === 'init') && !now.pending) {
    recover(work, index, ' (init)');
  } else if (now.state === 'backup' && masterDownUs(now) !== masterDownUs(old)) {
    change(work, index, { timerAtUs: Math.max(work.atUs, work.machine.deafUntilUs) + masterDownUs(now) });
  } else if (now.state === 'master' && wireText(old) !== wireText(now)) {
    sendAdvert(work, index);
    change(work, index, { timerAtUs: work.atUs + sendIntervalUs(now) });
  }
}

/** Everything that an advert says. */
function wireText({ config, priority }: InstanceState): string {
  const { advertUs, addresses, authentication, unicast, fast } = config;
  return text([priority, advertUs, addresses.map(({ address }) => address), authentication, unicast?.peers, fast]);
}

function text(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) => (typeof part === 'bigint' ? `${part}n` : part));
}

interface Difference<T> {
  readonly gone: readonly T[];
  readonly added: readonly T[];
}

function difference<T>(old: readonly T[], now: readonly T[], key: (one: T) => string): Difference<T> {
  const had = new Set(old.map(key));
  const has = new Set(now.map(key));
  return { gone: old.filter((one) => !has.has(key(one))), added: now.filter((one) => !had.has(key(one))) };
}

type Keyed = (host: HostAddress) => string;

function keyOf(work: Work, config: VrrpInstance): Keyed {
  return (host) => text({ ...host, dev: addressInterface(work.machine, config, host) });
}

function allAddresses(config: VrrpInstance): readonly HostAddress[] {
  return [...config.addresses, ...config.excludedAddresses];
}

/** Takes away what the new configuration does not have, unless another instance has it now: an address may move. */
export function dropGone(work: Work, index: number, old: VrrpInstance): void {
  const { config, addressesSet } = instanceAt(work, index);
  if (!addressesSet) return;
  const { gone } = difference(allAddresses(old), allAddresses(config), keyOf(work, config));
  for (const host of gone) log(work, index, `ip address ${addressText(work, config, host)}, no longer exist`);
  const others = work.instances.filter((one) => one.addressesSet && one.config !== config);
  const elsewhere = new Set(others.flatMap((one) => allAddresses(one.config).map(keyOf(work, one.config))));
  const rules = difference(old.rules, config.rules, text).gone;
  const routes = difference(old.routes, config.routes, text).gone;
  if (rules.length > 0) work.effects.push({ kind: 'rules', action: 'remove', instance: config.name, rules });
  if (routes.length > 0) work.effects.push({ kind: 'routes', action: 'remove', instance: config.name, routes });
  moveAddresses(
    work,
    config,
    'remove',
    gone.filter((host) => !elsewhere.has(keyOf(work, config)(host))),
  );
  if (dropsPackets(old) && (!dropsPackets(config) || text(allAddresses(old)) !== text(allAddresses(config)))) firewall(work, old, 'allow');
}

/** Puts on what is new, the drop rule first, and announces everything where an address came. */
function setAdded(work: Work, index: number, old: VrrpInstance): void {
  const { config } = instanceAt(work, index);
  const moved = text(allAddresses(old)) !== text(allAddresses(config));
  if (dropsPackets(config) && (!dropsPackets(old) || moved)) firewall(work, config, 'drop');
  const { added } = difference(allAddresses(old), allAddresses(config), keyOf(work, config));
  const routes = difference(old.routes, config.routes, text).added;
  const rules = difference(old.rules, config.rules, text).added;
  if (added.length > 0) detail(work, index, 'setting VIPs.');
  moveAddresses(work, config, 'add', added);
  if (routes.length > 0) work.effects.push({ kind: 'routes', action: 'add', instance: config.name, routes });
  if (rules.length > 0) work.effects.push({ kind: 'rules', action: 'add', instance: config.name, rules });
  if (added.length > 0) announce(work, index, config.garp.masterRepeat, 0);
}

function addressText(work: Work, config: VrrpInstance, host: HostAddress): string {
  return `${formatAddress(host.address)}/${host.prefixLength} dev ${addressInterface(work.machine, config, host)}`;
}
