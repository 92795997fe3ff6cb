// One node's VRRP machine with a clock of its own, for tests: inputs in, effects out as short lines that read like keepalived's log.

import assert from 'node:assert/strict';
import type { Effect, Input, InterfaceFacts, ReceivedPacket } from '../../src/control/vrrp/messages.js';
import type { InstanceState } from '../../src/control/vrrp/state/instance-state.js';
import { initialState, type VrrpMachine } from '../../src/control/vrrp/state/vrrp-machine.js';
import { step } from '../../src/control/vrrp/step.js';
import { formatAddress } from '../../src/model/address-text.js';
import type { KeepalivedConfiguration } from '../../src/model/keepalived/configuration.js';
import type { VrrpInstance } from '../../src/model/keepalived/instance.js';
import { encodeIpv4, IPV4_DEFAULTS } from '../../src/wire/ipv4.js';
import { encodeVrrp, type VrrpAdvert, type VrrpChecksum } from '../../src/wire/vrrp.js';
import { ip } from './ip.js';
import { emptyConfiguration, oneInstance } from './keepalived-configuration.js';

export const S = 1_000_000;

export const eth0: InterfaceFacts = {
  name: 'eth0',
  index: 2,
  up: true,
  mtu: 1500,
  mac: '02:00:00:00:00:01',
  addresses: [ip('10.99.0.1'), ip('fe80::1')],
};
export const eth1: InterfaceFacts = { ...eth0, name: 'eth1', index: 3, addresses: [ip('10.98.0.1'), ip('fe80::11')] };

export interface VrrpNode {
  state: VrrpMachine;
  atUs: number;
  wakeAtUs: number | undefined;
  /** Since the last `taken`. */
  effects: Effect[];
}

export function configurationOf(...instances: readonly Partial<VrrpInstance>[]): KeepalivedConfiguration {
  return { ...emptyConfiguration, instances: instances.map((one) => ({ ...oneInstance, ...one })) };
}

/** A node that was given its configuration at 0 s; what that did is in `effects`. */
export function startNode(configuration: KeepalivedConfiguration, interfaces: readonly InterfaceFacts[] = [eth0, eth1]): VrrpNode {
  const node: VrrpNode = { state: initialState(), atUs: 0, wakeAtUs: undefined, effects: [] };
  give(node, { kind: 'configure', configuration, interfaces });
  return node;
}

/** One input at the node's present, or at `atUs`. */
export function give(node: VrrpNode, input: Input, atUs = node.atUs): void {
  assert.ok(atUs >= node.atUs, 'time does not go back');
  node.atUs = atUs;
  const { state, effects, wakeAtUs } = step(node.state, input, atUs);
  node.state = state;
  node.wakeAtUs = wakeAtUs;
  node.effects.push(...effects);
}

/** Lets time pass, waking the machine exactly when it asked for it. */
export function pass(node: VrrpNode, untilUs: number): void {
  for (let rounds = 0; node.wakeAtUs !== undefined && node.wakeAtUs <= untilUs; rounds++) {
    assert.ok(rounds < 100_000, 'the machine asks to be woken for ever');
    give(node, { kind: 'wake' }, Math.max(node.atUs, node.wakeAtUs));
  }
  node.atUs = untilUs;
}

export function taken(node: VrrpNode): readonly Effect[] {
  return node.effects.splice(0, Number.POSITIVE_INFINITY);
}

export function instanceOf(node: VrrpNode, name = 'VI_1'): InstanceState {
  return node.state.instances.find(({ config }) => config.name === name) ?? assert.fail(name);
}

/** The effects since the last call, one line each. */
export function lines(node: VrrpNode): readonly string[] {
  return taken(node).map(line);
}

export function logs(node: VrrpNode): readonly string[] {
  return taken(node).flatMap((effect) => (effect.kind === 'log' ? [effect.text] : []));
}

function line(effect: Effect): string {
  switch (effect.kind) {
    case 'log':
      return effect.text;
    case 'send':
      return `> ${effect.instance} prio ${effect.payload[effect.protocol === 51 ? 26 : 2]} to ${formatAddress(effect.destination)} on ${effect.interface}`;
    case 'addresses':
      return `${effect.action} ${effect.addresses.map(({ address }) => formatAddress(address)).join(' ')} on ${effect.interface}`;
    case 'routes':
    case 'rules':
      return `${effect.action} ${effect.kind}`;
    case 'announce':
      return `announce ${effect.entries.map((entry) => `${formatAddress(entry.address)}@${entry.interface}`).join(' ')}`;
    case 'probe':
      return `probe ${effect.entries.map((entry) => `${formatAddress(entry.address)}@${entry.interface}`).join(' ')}`;
    case 'firewall':
      return `firewall ${effect.action} ${effect.addresses.map(({ address }) => formatAddress(address)).join(' ')}`;
    case 'renamed':
      return `rename ${[...effect.names].map(([from, to]) => `${from} to ${to}`).join(', ')}`;
    case 'virtualInterface':
      return `${effect.action} ${effect.settings.kind} ${effect.settings.name} on ${effect.base}`;
    case 'notify':
      return `! ${effect.type} "${effect.name}" ${effect.event} ${effect.priority}`;
  }
}

export interface AdvertFrom {
  readonly source?: string;
  readonly destination?: string;
  readonly interface?: string;
  readonly ttl?: number;
  readonly checksum?: VrrpChecksum;
}

/** An advert of another node: VRID 51, priority 100, every second, with oneInstance's address, unless stated otherwise. */
export function advert(fields: Partial<VrrpAdvert> = {}, from: AdvertFrom = {}): Input {
  const [source, destination] = [ip(from.source ?? '10.99.0.2'), ip(from.destination ?? '224.0.0.18')];
  const version = fields.version ?? 2;
  const whole = {
    version,
    vrid: 51,
    priority: 100,
    authType: 0,
    interval: version === 2 ? 1 : 100,
    addresses: oneInstance.addresses.map(({ address }) => address),
    ...fields,
  };
  const over: VrrpChecksum = from.checksum ?? (version === 2 ? { kind: 'plain' } : { kind: 'pseudo', source, destination });
  const payload = encodeVrrp(whole, over);
  const ttl = from.ttl ?? 255;
  const inet = source.family === 'inet';
  const bytes = inet ? encodeIpv4({ ...IPV4_DEFAULTS, tos: 0xc0, id: 1, ttl, protocol: 112, source, destination, payload }) : payload;
  return { kind: 'packet', packet: { interface: from.interface ?? 'eth0', source, destination, ttl, protocol: 112, bytes } };
}

/** What a `send` effect is on its way to another node's interface. */
export function onTheWire(effect: Extract<Effect, { kind: 'send' }>): ReceivedPacket {
  const { source, destination, ttl, protocol, id, payload } = effect;
  const bytes =
    source.family === 'inet' ? encodeIpv4({ ...IPV4_DEFAULTS, tos: 0xc0, id, ttl, protocol, source, destination, payload }) : payload;
  return { interface: effect.interface ?? '', source, destination, ttl, protocol, bytes };
}
