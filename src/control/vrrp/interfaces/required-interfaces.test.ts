// Interfaces besides its own that an instance cannot do without, its macvlans, and static objects that it answers for.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ip } from '../../../../test/support/ip.js';
import {
  configurationOf,
  eth0,
  eth1,
  give,
  instanceOf,
  lines,
  logs,
  pass,
  S,
  startNode,
  type VrrpNode,
} from '../../../../test/support/vrrp-node.js';
import type { KeepalivedConfiguration } from '../../../model/keepalived/configuration.js';
import type { VrrpInstance } from '../../../model/keepalived/instance.js';
import type { HostRoute, HostRule } from '../../../model/keepalived/network.js';

const host = (text: string, dev: string, noTrack = false) => ({ address: ip(text), prefixLength: 32, flags: [], noTrack, dev });
const route = (dev: string, noTrack = false): HostRoute => ({
  family: 'inet',
  type: 'unicast',
  to: { address: ip('10.90.0.0'), length: 24 },
  nextHops: [],
  onlink: false,
  metrics: [],
  insert: 'prepend',
  noTrack,
  dev,
});
const rule = (more: Partial<HostRule>): HostRule => ({
  family: 'inet',
  not: false,
  action: { kind: 'table', table: 50 },
  l3mdev: false,
  noTrack: false,
  ...more,
});
const down = { ...eth1, up: false };

test('the interfaces of addresses, routes and rules mean FAULT while they are down, those with no_track do not', () => {
  const needing = [
    { excludedAddresses: [host('10.98.0.100', 'eth1')] },
    { routes: [route('eth1')] },
    { rules: [rule({ iif: 'eth1' })] },
    { rules: [rule({ oif: 'eth1' })] },
  ];
  for (const one of needing) {
    const node = startNode(configurationOf(one));
    assert.equal(instanceOf(node).state, 'backup');
    lines(node);
    give(node, { kind: 'interface', facts: down });
    assert.deepEqual(logs(node), ['Netlink reports eth1 down', '(VI_1) Entering FAULT STATE'], JSON.stringify(one));
    give(node, { kind: 'interfaceGone', name: 'eth1' });
    assert.deepEqual(instanceOf(node).faults, ['interface eth1 does not exist']);
    give(node, { kind: 'interface', facts: eth1 });
    assert.equal(instanceOf(node).state, 'backup');
  }
  const indifferent = {
    excludedAddresses: [host('10.98.0.100', 'eth1', true)],
    routes: [route('eth1', true)],
    rules: [rule({ oif: 'eth1', noTrack: true })],
  };
  assert.equal(instanceOf(startNode(configurationOf(indifferent), [eth0])).state, 'backup');
});

test('its own interface and its macvlan are not among them, by whatever name an address refers to them', () => {
  const easy = startNode(configurationOf({ dontTrackPrimary: true, routes: [route('eth0')] }));
  give(easy, { kind: 'interface', facts: { ...eth0, up: false } });
  assert.equal(instanceOf(easy).state, 'backup');
  const named = { virtualInterface: { kind: 'vmac' as const }, excludedAddresses: [host('10.99.0.101', 'vrrp.51')] };
  assert.equal(instanceOf(startNode(configurationOf(named))).state, 'backup');
});

const grouped = (
  more: Partial<KeepalivedConfiguration['root']>,
  ...instances: readonly Partial<VrrpInstance>[]
): KeepalivedConfiguration => {
  const configuration = configurationOf(...instances);
  return { ...configuration, root: { ...configuration.root, trackGroups: [{ name: 'TG', instances: ['VI_1'] }], ...more } };
};
const other = { name: 'VI_2', vrid: 52, addresses: [host('10.99.0.110', 'eth0')] };

test('track_group: members track the interfaces of its static objects', () => {
  const statics = [
    { staticAddresses: [{ ...host('10.98.0.9', 'eth1'), trackGroup: 'TG' }] },
    { staticRoutes: [{ ...route('eth1'), trackGroup: 'TG' }] },
    { staticRules: [rule({ iif: 'eth1', trackGroup: 'TG' })] },
  ];
  for (const one of statics) {
    const node = startNode(grouped(one, {}, other));
    give(node, { kind: 'interface', facts: down });
    assert.deepEqual([instanceOf(node).state, instanceOf(node, 'VI_2').state], ['fault', 'backup'], JSON.stringify(one));
  }
  const free = grouped({ staticRoutes: [{ ...route('eth1'), trackGroup: 'TG', noTrack: true }, route('eth1')] }, {});
  assert.equal(instanceOf(startNode(free, [eth0])).state, 'backup');
});

test('track_group: members are in FAULT while a static object cannot be restored', () => {
  const node = startNode(grouped({}, {}, other));
  lines(node);
  const missing = [{ group: 'TG', text: 'route 10.90.0.0/24 dev eth1' }];
  give(node, { kind: 'statics', missing });
  assert.deepEqual(logs(node), ['Static route 10.90.0.0/24 dev eth1 of track_group TG is missing', '(VI_1) Entering FAULT STATE']);
  assert.equal(instanceOf(node, 'VI_2').state, 'backup');
  give(node, { kind: 'statics', missing: [...missing, { group: 'XX', text: 'rule with preference 5' }] });
  assert.deepEqual(instanceOf(node).faults, ['static route 10.90.0.0/24 dev eth1 is missing']);
  lines(node);
  give(node, { kind: 'statics', missing: [] });
  assert.deepEqual(logs(node), [
    'Static route 10.90.0.0/24 dev eth1 of track_group TG is there again',
    'Static rule with preference 5 of track_group XX is there again',
    '(VI_1) Entering BACKUP STATE',
  ]);
});

const vmac = { ...eth0, name: 'vrrp.51', index: 9, addresses: [] };
const made = (lines: readonly string[]): readonly string[] => lines.filter((line) => line.startsWith('create'));

function withMacvlan(): VrrpNode {
  const node = startNode(configurationOf({ virtualInterface: { kind: 'vmac' } }));
  give(node, { kind: 'interface', facts: { ...vmac, up: false } });
  give(node, { kind: 'interface', facts: vmac });
  assert.deepEqual(
    [instanceOf(node).state, logs(node).filter((line) => line.includes('vrrp.51'))],
    ['backup', []],
    'being made is no fault',
  );
  pass(node, 5 * S);
  assert.equal(instanceOf(node).state, 'master');
  lines(node);
  return node;
}

test('a macvlan that another program deletes is made again, and its instance is in FAULT until then', () => {
  const node = withMacvlan();
  give(node, { kind: 'interface', facts: { ...vmac, up: false } });
  give(node, { kind: 'interfaceGone', name: 'vrrp.51' });
  assert.equal(instanceOf(node).state, 'fault');
  const reported = lines(node);
  assert.ok(reported.includes('> VI_1 prio 0 to 224.0.0.18 on eth0'), 'priority 0 leaves by the base interface');
  assert.ok(reported.indexOf('remove 10.99.0.100 on vrrp.51') < reported.indexOf('create vmac vrrp.51 on eth0'), 'first the fault');
  give(node, { kind: 'interface', facts: { ...vmac, index: 10, up: false } });
  assert.equal(instanceOf(node).state, 'fault');
  give(node, { kind: 'interface', facts: { ...vmac, index: 10 } });
  assert.equal(instanceOf(node).state, 'backup');
  pass(node, 12 * S);
  assert.equal(instanceOf(node).state, 'master');
  assert.ok(lines(node).includes('add 10.99.0.100 on vrrp.51'));
});

test('a macvlan that cannot be made is a FAULT, and is tried again every ten seconds', () => {
  const node = startNode(configurationOf({ virtualInterface: { kind: 'vmac' } }));
  lines(node);
  give(node, { kind: 'interfaceGone', name: 'vrrp.51' });
  assert.deepEqual(instanceOf(node).faults, ['interface vrrp.51 does not exist']);
  assert.deepEqual(made(lines(node)), [], 'what was refused is not tried again immediately');
  pass(node, 25 * S);
  assert.deepEqual(made(lines(node)), ['create vmac vrrp.51 on eth0', 'create vmac vrrp.51 on eth0']);
  give(node, { kind: 'interfaceGone', name: 'eth0' });
  pass(node, 50 * S);
  assert.deepEqual(made(lines(node)), [], 'not without what it stands on');
  give(node, { kind: 'interface', facts: eth0 });
  assert.deepEqual(made(lines(node)), ['create vmac vrrp.51 on eth0']);
  give(node, { kind: 'interface', facts: vmac });
  assert.deepEqual([instanceOf(node).state, node.state.lostInterfaces.size], ['backup', 0]);
});

test('a macvlan that goes down is a FAULT, except with dont_track_primary', () => {
  const node = withMacvlan();
  give(node, { kind: 'interface', facts: { ...vmac, up: false } });
  assert.deepEqual(logs(node).slice(0, 2), ['Netlink reports vrrp.51 down', '(VI_1) Entering FAULT STATE']);
  give(node, { kind: 'interface', facts: vmac });
  assert.deepEqual(logs(node)[0], 'Netlink reports vrrp.51 up');
  assert.equal(instanceOf(node).state, 'backup');
  const easy = startNode(configurationOf({ virtualInterface: { kind: 'vmac' }, dontTrackPrimary: true }));
  give(easy, { kind: 'interface', facts: vmac });
  give(easy, { kind: 'interface', facts: { ...vmac, up: false } });
  assert.equal(instanceOf(easy).state, 'backup');
});

test('a reload forgets macvlans that are no longer configured and those that work', () => {
  const configuration = configurationOf({ virtualInterface: { kind: 'vmac' } });
  const node = startNode(configuration);
  give(node, { kind: 'interfaceGone', name: 'vrrp.51' });
  give(node, { kind: 'configure', configuration, interfaces: [eth0] });
  assert.equal(instanceOf(node).state, 'fault');
  const other = { ...node };
  give(other, { kind: 'configure', configuration, interfaces: [eth0, vmac] });
  assert.equal(instanceOf(other).state, 'backup');
  give(node, { kind: 'configure', configuration: configurationOf({}), interfaces: [eth0] });
  assert.deepEqual([instanceOf(node).state, node.state.lostInterfaces.size], ['backup', 0]);
});
