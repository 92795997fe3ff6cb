// Reload: what does not change goes on; what does is carried out, and no more.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ip } from '../../../../test/support/ip.js';
import { oneInstance } from '../../../../test/support/keepalived-configuration.js';
import {
  advert,
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
  taken,
  type VrrpNode,
} from '../../../../test/support/vrrp-node.js';
import type { KeepalivedConfiguration } from '../../../model/keepalived/configuration.js';
import type { VrrpInstance } from '../../../model/keepalived/instance.js';
import type { HostAddress, HostRoute } from '../../../model/keepalived/network.js';
import type { TrackScript } from '../../../model/keepalived/trackers.js';

const vip = (text: string): HostAddress => ({ address: ip(text), prefixLength: 32, flags: [], noTrack: false });
const plainRoute: HostRoute = {
  family: 'inet',
  type: 'unicast',
  to: { address: ip('10.80.0.0'), length: 24 },
  nextHops: [],
  onlink: false,
  metrics: [],
  insert: 'prepend',
  noTrack: false,
};
const second: Partial<VrrpInstance> = { name: 'VI_2', vrid: 52, priority: 90, addresses: [vip('10.99.0.110')] };

function reload(node: VrrpNode, configuration: KeepalivedConfiguration, atUs = node.atUs): readonly string[] {
  give(node, { kind: 'configure', configuration, interfaces: [eth0, eth1] }, atUs);
  return lines(node);
}

function masters(...instances: readonly Partial<VrrpInstance>[]): VrrpNode {
  const node = startNode(configurationOf(...instances));
  pass(node, 4 * S);
  taken(node);
  return node;
}

test('nothing changed: nothing happens, no timer moves', () => {
  const node = masters({}, second);
  const due = node.wakeAtUs;
  assert.deepEqual(reload(node, configurationOf({}, second)), []);
  assert.equal(node.wakeAtUs, due);
  const backup = startNode(configurationOf({}));
  taken(backup);
  assert.deepEqual(reload(backup, configurationOf({}), 2 * S), []);
  assert.equal(backup.wakeAtUs, 3_609_375);
});

test('addresses: old ones are removed, new ones added and all announced, an advert is sent', () => {
  const node = masters({});
  assert.deepEqual(reload(node, configurationOf({ addresses: [...oneInstance.addresses, vip('10.99.0.101')] })), [
    '(VI_1) setting VIPs.',
    'add 10.99.0.101 on eth0',
    '(VI_1) Sending/queueing gratuitous ARPs on eth0 for 10.99.0.100',
    '(VI_1) Sending/queueing gratuitous ARPs on eth0 for 10.99.0.101',
    `announce ${Array.from({ length: 5 }, () => '10.99.0.100@eth0 10.99.0.101@eth0').join(' ')}`,
    '> VI_1 prio 100 to 224.0.0.18 on eth0',
  ]);
  pass(node, 4.5 * S);
  assert.deepEqual(lines(node), [], 'and no second block');
  assert.deepEqual(reload(node, configurationOf({})), [
    '(VI_1) ip address 10.99.0.101/32 dev eth0, no longer exist',
    'remove 10.99.0.101 on eth0',
    '> VI_1 prio 100 to 224.0.0.18 on eth0',
  ]);
  const backup = startNode(configurationOf({}));
  taken(backup);
  assert.deepEqual(reload(backup, configurationOf({ addresses: [vip('10.99.0.7')] })), [], 'a backup holds nothing');
});

test('a change of no_track removes nothing from the host', () => {
  const route = { ...plainRoute, dev: 'eth0' };
  const node = masters({ routes: [route] });
  const [one] = oneInstance.addresses;
  const tracked = { addresses: [{ ...(one ?? assert.fail()), noTrack: true }], routes: [{ ...route, noTrack: true }] };
  assert.deepEqual(reload(node, configurationOf(tracked)), ['add 10.99.0.100 on eth0', 'add routes']);
  assert.deepEqual(reload(node, configurationOf(tracked)), []);
});

test('an address that moves between instances never leaves the host', () => {
  const node = masters({}, second);
  const moved = configurationOf(
    { addresses: [...oneInstance.addresses, vip('10.99.0.110')] },
    { ...second, addresses: [vip('10.99.0.111')] },
  );
  const output = reload(node, moved);
  assert.ok(!output.some((line) => line.startsWith('remove')), output.join('\n'));
  assert.deepEqual(
    output.filter((line) => line.startsWith('add')),
    ['add 10.99.0.110 on eth0', 'add 10.99.0.111 on eth0'],
  );
});

test('a removed instance sends priority 0; without notify_deleted it is reported as FAULT', () => {
  const node = masters({}, second);
  assert.deepEqual(reload(node, configurationOf({})), [
    '> VI_2 prio 0 to 224.0.0.18 on eth0',
    '(VI_2) sent 0 priority',
    '(VI_2) removing VIPs.',
    'remove 10.99.0.110 on eth0',
    '! INSTANCE "VI_2" FAULT 90',
  ]);
  const reported = masters({}, { ...second, notify: { ...oneInstance.notify, deleted: {} } });
  assert.equal(reload(reported, configurationOf({})).at(-1), '! INSTANCE "VI_2" DELETED 90');
});

test('a new instance waits as at the start, with nothing to clean up', () => {
  const node = masters({});
  assert.deepEqual(reload(node, configurationOf({}, second)), ['(VI_2) Entering BACKUP STATE (init)', '! INSTANCE "VI_2" BACKUP 90']);
});

test('a new name is the same instance, another VRID is another one', () => {
  const node = masters({});
  assert.deepEqual(reload(node, configurationOf({ name: 'VI_9' })), ['rename VI_1 to VI_9']);
  assert.equal(instanceOf(node, 'VI_9').state, 'master');
  const other = reload(node, configurationOf({ name: 'VI_9', vrid: 53 }));
  assert.equal(other[0], '> VI_9 prio 0 to 224.0.0.18 on eth0');
  assert.equal(instanceOf(node, 'VI_9').state, 'backup');
});

test('two instances exchange their names: reported in one effect, after removals under the old names', () => {
  const third: Partial<VrrpInstance> = { ...second, name: 'VI_3', vrid: 53, addresses: [vip('10.99.0.120')] };
  const node = masters({}, second, third);
  const output = reload(node, configurationOf({ name: 'VI_3' }, { ...third, name: 'VI_1' }));
  const reported = output.filter((line) => /^(?:rename|remove|add|>)/.test(line));
  assert.deepEqual(reported, ['> VI_2 prio 0 to 224.0.0.18 on eth0', 'remove 10.99.0.110 on eth0', 'rename VI_1 to VI_3, VI_3 to VI_1']);
  assert.deepEqual([instanceOf(node, 'VI_1').config.vrid, instanceOf(node, 'VI_3').config.vrid], [53, 51]);
});

test('another priority: a master advertises it, a backup restarts its timer', () => {
  const node = masters({});
  assert.deepEqual(reload(node, configurationOf({ priority: 120 })), [
    '(VI_1) Changing effective priority from 100 to 120',
    '> VI_1 prio 120 to 224.0.0.18 on eth0',
  ]);
  const backup = startNode(configurationOf({}));
  reload(backup, configurationOf({ advertUs: 2 * S }), S);
  assert.equal(backup.wakeAtUs, S + 6_609_375);
});

test('a v3 backup keeps the interval of its master', () => {
  const node = startNode(configurationOf({ version: 3, advertUs: 2 * S }));
  give(node, advert({ version: 3, interval: 50, priority: 200 }), S);
  reload(node, configurationOf({ version: 3, advertUs: 2 * S, nopreempt: true }));
  assert.equal(instanceOf(node).advertUs, S / 2);
  reload(node, configurationOf({ version: 3, advertUs: S }));
  assert.equal(instanceOf(node).advertUs, S);
});

const chk: TrackScript = {
  name: 'chk',
  script: { argv: ['x'], text: 'x' },
  intervalUs: S,
  weight: 0,
  reverse: false,
  rise: 2,
  fall: 2,
  initFail: false,
};

test('scripts keep their verdict by name', () => {
  const track = { ...oneInstance.track, scripts: [{ name: 'chk' }] };
  const configuration = { ...configurationOf({ track }), scripts: [chk] };
  const node = startNode(configuration);
  give(node, { kind: 'script', name: 'chk', outcome: { kind: 'exited', status: 0 } });
  logs(node);
  assert.deepEqual(reload(node, configuration), ['VRRP_Script(chk) considered successful on reload']);
  assert.equal(instanceOf(node).state, 'backup');
  give(node, { kind: 'script', name: 'chk', outcome: { kind: 'exited', status: 1 } });
  assert.equal(instanceOf(node).state, 'backup', 'one failure of two');
});

test('a script that was bad at a reload is good again after `rise` successes', () => {
  const script = { ...chk, fall: 1 };
  const configuration = { ...configurationOf({ track: { ...oneInstance.track, scripts: [{ name: 'chk' }] } }), scripts: [script] };
  const node = startNode(configuration);
  const exits = (status: number) => give(node, { kind: 'script', name: 'chk', outcome: { kind: 'exited', status } });
  exits(1);
  reload(node, configuration);
  exits(0);
  assert.equal(instanceOf(node).state, 'fault');
  exits(0);
  assert.equal(instanceOf(node).state, 'backup');
});

test('a reload that puts an instance into FAULT, or out of it', () => {
  const node = masters({});
  const track = { ...oneInstance.track, interfaces: [{ name: 'eth9' }] };
  assert.equal(reload(node, configurationOf({ track }))[0], '(VI_1) Entering FAULT STATE');
  assert.deepEqual(reload(node, configurationOf({})), ['(VI_1) Entering BACKUP STATE (init)', '! INSTANCE "VI_1" BACKUP 100']);
  const pending = {
    ...configurationOf({ track: { ...oneInstance.track, bfds: [{ name: 'b' }] } }),
    bfds: [{ name: 'b', weight: 0, reverse: false } as never],
  };
  pass(node, 8 * S);
  lines(node);
  assert.deepEqual(reload(node, pending), [], 'a tracker that has not reported yet does not end mastership');
  give(node, { kind: 'bfd', name: 'b', up: false });
  assert.equal(instanceOf(node).state, 'fault');
});

test('the firewall follows accept and the addresses', () => {
  const node = masters({ accept: false });
  const both = [...oneInstance.addresses, vip('10.99.0.101')];
  const rules = (output: readonly string[]) => output.filter((line) => line.startsWith('firewall'));
  assert.deepEqual(rules(reload(node, configurationOf({ accept: false, addresses: both }))), [
    'firewall allow 10.99.0.100',
    'firewall drop 10.99.0.100 10.99.0.101',
  ]);
  assert.deepEqual(rules(reload(node, configurationOf({ addresses: both }))), ['firewall allow 10.99.0.100 10.99.0.101']);
});

test('fifo_write_vrrp_states_on_reload: every state again', () => {
  const configuration = configurationOf({}, second);
  const node = masters({}, second);
  const reported = reload(node, { ...configuration, global: { ...configuration.global, fifoStatesOnReload: true } });
  assert.deepEqual(reported, ['! INSTANCE "VI_1" MASTER 100', '! INSTANCE "VI_2" MASTER 90']);
});

test('a reload gives an address a macvlan of its own on another interface, and removes it', () => {
  const [one] = oneInstance.addresses;
  const plain = { ...(one ?? assert.fail()), dev: 'eth1' };
  const node = masters({ addresses: [plain] });
  const made = reload(node, configurationOf({ addresses: [{ ...plain, virtualInterface: { kind: 'vmac' } }] }));
  assert.deepEqual(
    made.filter((line) => /^(add|remove|create)/.test(line)),
    ['remove 10.99.0.100 on eth1', 'create vmac vrrp.51 on eth1', 'add 10.99.0.100 on vrrp.51'],
  );
  const gone = reload(node, configurationOf({ addresses: [plain] }));
  assert.deepEqual(
    gone.filter((line) => /^(add|remove|delete)/.test(line)),
    ['remove 10.99.0.100 on vrrp.51', 'delete vmac vrrp.51 on eth1', 'add 10.99.0.100 on eth1'],
  );
});

test('two macvlans of one VRID have two names', () => {
  const vmac = { virtualInterface: { kind: 'vmac' as const } };
  const six = { ...vmac, name: 'VI_6', family: 'inet6' as const, version: 3 as const, addresses: [vip('fe80::99')] };
  const node = startNode(configurationOf(vmac, six, { ...vmac, ...second, vrid: 51, interface: 'eth1' }));
  assert.deepEqual(
    lines(node).filter((line) => line.startsWith('create')),
    ['create vmac vrrp.51 on eth0', 'create vmac vrrp6.51 on eth0', 'create vmac vrrp.51.1 on eth1'],
  );
});

test('macvlans are made and deleted with their instance', () => {
  const use = { ...second, virtualInterface: { kind: 'vmac' as const } };
  const node = masters({}, use);
  assert.equal(node.state.instances.length, 2);
  const gone = reload(node, configurationOf({}));
  assert.ok(gone.includes('remove 10.99.0.110 on vrrp.52'));
  assert.ok(gone.includes('delete vmac vrrp.52 on eth0'));
  assert.equal(reload(node, configurationOf({}, use))[0], 'create vmac vrrp.52 on eth0');
});
