// What a reload does to instances that stay and to those that go. Masters stay masters, timers run on; only differences are
// carried out: addresses that are gone are taken away, new ones are set and all announced, the peers hear of it at once.

import { formatAddress } from '../../model/address-text.js';
import type { VrrpInstance } from '../../model/keepalived/instance.js';
import type { HostAddress } from '../../model/keepalived/network.js';
import { sendAdvert, sendZeroPriority } from './advert.js';
import { announce } from './garp.js';
import { dropsPackets, firewall, moveAddresses, releaseAddresses } from './holdings.js';
import type { InstanceState } from './machine.js';
import { notifyInstance } from './notify.js';
import { addressInterface, virtualInterfaceName } from './place.js';
import { weigh } from './settle.js';
import { failInstance, recover } from './sync.js';
import { masterDownUs, sendIntervalUs } from './timing.js';
import { change, count, detail, instanceAt, log, type Work } from './work.js';

/** An instance that the new configuration does not have. Still in the old configuration's words. */
export function removeInstance(work: Work, index: number): void {
  const { config, state, addressesSet } = instanceAt(work, index);
  if (state === 'master') {
    count(work, index, 'releasedMaster');
    sendZeroPriority(work, index);
  }
  if (addressesSet) releaseAddresses(work, index);
  change(work, index, { state: 'init', timerAtUs: undefined });
  const name = virtualInterfaceName(work.machine, config);
  if (name !== undefined && config.virtualInterface !== undefined) {
    const settings = { ...config.virtualInterface, name };
    work.effects.push({ kind: 'virtualInterface', action: 'delete', instance: config.name, base: config.interface ?? '', settings });
  }
  notifyInstance(work, index, 'DELETED');
}

/** An instance that stays; it has its new configuration already. */
export function keepInstance(work: Work, index: number, old: InstanceState): void {
  const { config } = instanceAt(work, index);
  change(work, index, { advertUs: keptInterval(old, config), sequence: old.sequence });
  weigh(work, index);
  const now = instanceAt(work, index);
  if (old.addressesSet) moveHoldings(work, index, old.config);
  if (now.faults.length > 0) {
    if (now.state !== 'fault') failInstance(work, index);
  } else if ((now.state === 'fault' || now.state === 'init') && !now.pending) {
    recover(work, index);
  } else if (now.state === 'backup' && masterDownUs(now) !== masterDownUs(old)) {
    change(work, index, { timerAtUs: work.atUs + masterDownUs(now) });
  } else if (now.state === 'master' && wireText(old) !== wireText(now)) {
    sendAdvert(work, index);
    change(work, index, { timerAtUs: work.atUs + sendIntervalUs(now) });
  }
}

/** A v3 backup goes on in its master's interval. */
function keptInterval(old: InstanceState, config: VrrpInstance): number {
  return old.config.advertUs === config.advertUs ? old.advertUs : config.advertUs;
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

function moveHoldings(work: Work, index: number, old: VrrpInstance): void {
  const { config } = instanceAt(work, index);
  const key = (host: HostAddress) => text({ ...host, dev: addressInterface(work.machine, config, host) });
  const addresses = difference([...old.addresses, ...old.excludedAddresses], [...config.addresses, ...config.excludedAddresses], key);
  for (const host of addresses.gone) log(work, index, `ip address ${addressText(work, config, host)}, no longer exist`);
  moveAddresses(work, config, 'remove', addresses.gone);
  moveFirewall(work, config, old, addresses.added.length + addresses.gone.length > 0);
  const routes = difference(old.routes, config.routes, text);
  const rules = difference(old.rules, config.rules, text);
  if (rules.gone.length > 0) work.effects.push({ kind: 'rules', action: 'remove', instance: config.name, rules: rules.gone });
  if (routes.gone.length > 0) work.effects.push({ kind: 'routes', action: 'remove', instance: config.name, routes: routes.gone });
  if (addresses.added.length > 0) detail(work, index, 'setting VIPs.');
  moveAddresses(work, config, 'add', addresses.added);
  if (routes.added.length > 0) work.effects.push({ kind: 'routes', action: 'add', instance: config.name, routes: routes.added });
  if (rules.added.length > 0) work.effects.push({ kind: 'rules', action: 'add', instance: config.name, rules: rules.added });
  if (addresses.added.length > 0) announce(work, index, config.garp.masterRepeat, 0);
}

function moveFirewall(work: Work, config: VrrpInstance, old: VrrpInstance, moved: boolean): void {
  const [before, after] = [dropsPackets(old), dropsPackets(config)];
  if (before && (!after || moved)) firewall(work, old, 'allow');
  if (after && (!before || moved)) firewall(work, config, 'drop');
}

function addressText(work: Work, config: VrrpInstance, host: HostAddress): string {
  const whole = host.address.family === 'inet' ? 32 : 128;
  const length = host.prefixLength === whole ? '' : `/${host.prefixLength}`;
  return `${formatAddress(host.address)}${length} dev ${addressInterface(work.machine, config, host)}`;
}
