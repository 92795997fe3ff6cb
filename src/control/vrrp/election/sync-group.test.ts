// Sync groups: the members change their states together, and the group is notified after them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ip } from '../../../../test/support/ip.js';
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
  type VrrpNode,
} from '../../../../test/support/vrrp-node.js';
import type { KeepalivedConfiguration } from '../../../model/keepalived/configuration.js';
import type { SyncGroup, VrrpInstance } from '../../../model/keepalived/instance.js';
import { NOTHING_TRACKED } from '../../../model/keepalived/trackers.js';
import { groupOf } from '../../../sim/vrrp/configuration.js';

const group = groupOf('G', ['VI_1', 'VI_2']);
const second: Partial<VrrpInstance> = {
  name: 'VI_2',
  vrid: 52,
  interface: 'eth1',
  addresses: [{ address: ip('10.98.0.110'), prefixLength: 24, flags: [], noTrack: false }],
};

function pair(one: Partial<VrrpInstance> = {}, two: Partial<VrrpInstance> = {}, changes: Partial<SyncGroup> = {}): KeepalivedConfiguration {
  return { ...configurationOf(one, { ...second, ...two }), syncGroups: [{ ...group, ...changes }] };
}

function notes(node: VrrpNode): readonly string[] {
  return lines(node).filter((line) => /^!|Syncing|Entering|timeout|sent 0/.test(line));
}

function masters(configuration = pair()): VrrpNode {
  const node = startNode(configuration);
  pass(node, 4 * S);
  assert.deepEqual(
    node.state.instances.map(({ state }) => state),
    ['master', 'master'],
  );
  lines(node);
  return node;
}

test('start: the group is notified first; MASTER when the last member wants it', () => {
  const node = startNode(pair({}, { priority: 110 }));
  assert.deepEqual(notes(node), [
    '! GROUP "G" BACKUP 0',
    '(VI_1) Entering BACKUP STATE (init)',
    '! INSTANCE "VI_1" BACKUP 100',
    '(VI_2) Entering BACKUP STATE (init)',
    '! INSTANCE "VI_2" BACKUP 110',
  ]);
  pass(node, 4 * S);
  assert.deepEqual(notes(node), [
    '(VI_2) Receive advertisement timeout',
    '(VI_1) Receive advertisement timeout',
    '(VI_1) Entering MASTER STATE',
    '! INSTANCE "VI_1" MASTER 100',
    'VRRP_Group(G) Syncing instances to MASTER state',
    '(VI_2) Entering MASTER STATE',
    '! INSTANCE "VI_2" MASTER 110',
    '! GROUP "G" MASTER 0',
  ]);
});

test('start: a group of owners is MASTER immediately and never reported as BACKUP', () => {
  const owner = { priority: 255, initialState: 'master' } as const;
  assert.deepEqual(
    notes(startNode(pair(owner, owner))).filter((line) => line.includes('GROUP')),
    ['! GROUP "G" MASTER 0'],
  );
  const one = notes(startNode(pair(owner)));
  assert.equal(one[0], '! GROUP "G" BACKUP 0');
});

test('one member that receives a master’s adverts keeps all in BACKUP', () => {
  const node = startNode(pair());
  for (let at = 1; at < 20; at++) {
    give(node, advert({ vrid: 52, priority: 200, addresses: [ip('10.98.0.110')] }, { interface: 'eth1' }), at * S);
    pass(node, at * S + 1);
  }
  assert.deepEqual(
    node.state.instances.map(({ state, want }) => [state, want]),
    [
      ['backup', 'master'],
      ['backup', 'backup'],
    ],
  );
});

test('a better master of one ends the mastership of all', () => {
  const node = masters();
  give(node, advert({ priority: 200 }));
  assert.deepEqual(notes(node), [
    '(VI_1) Entering BACKUP STATE',
    '! INSTANCE "VI_1" BACKUP 100',
    'VRRP_Group(G) Syncing instances to BACKUP state',
    '(VI_2) Entering BACKUP STATE',
    '! INSTANCE "VI_2" BACKUP 100',
    '! GROUP "G" BACKUP 0',
  ]);
});

test('a lower advert of one makes all announce again', () => {
  const node = masters();
  give(node, advert({ priority: 1 }));
  const announced = lines(node).filter((line) => line.startsWith('announce'));
  assert.deepEqual(
    announced.map((line) => line.split(' ')[1]),
    ['10.99.0.100@eth0', '10.98.0.110@eth1'],
  );
});

test('FAULT of one is FAULT of all, each master sends priority 0; back when no fault is left', () => {
  const node = masters();
  give(node, { kind: 'interface', facts: { ...eth1, up: false } });
  assert.deepEqual(notes(node), [
    '(VI_2) Entering FAULT STATE',
    '(VI_2) sent 0 priority',
    '! INSTANCE "VI_2" FAULT 100',
    'VRRP_Group(G) Syncing instances to FAULT state',
    '(VI_1) Entering FAULT STATE',
    '(VI_1) sent 0 priority',
    '! INSTANCE "VI_1" FAULT 100',
    '! GROUP "G" FAULT 0',
  ]);
  give(node, { kind: 'interface', facts: { ...eth0, up: false } });
  give(node, { kind: 'interface', facts: eth1 });
  assert.deepEqual(notes(node), [], 'VI_1 has a reason of its own now');
  give(node, { kind: 'interface', facts: eth0 });
  assert.deepEqual(notes(node), [
    '(VI_1) Entering BACKUP STATE',
    '! INSTANCE "VI_1" BACKUP 100',
    'VRRP_Group(G) Syncing instances to BACKUP state',
    '(VI_2) Entering BACKUP STATE',
    '! INSTANCE "VI_2" BACKUP 100',
    '! GROUP "G" BACKUP 0',
  ]);
});

test('a member with a fault at the start keeps all in FAULT', () => {
  const node = startNode(pair(), [eth0]);
  assert.deepEqual(
    lines(node).filter((line) => !/removing|^remove/.test(line)),
    [
      '(VI_2): entering FAULT state (interface eth1 does not exist)',
      '(VI_2) entering FAULT state (no IPv4 address for interface)',
      '(VI_2) entering FAULT state',
      '! GROUP "G" FAULT 0',
      '! INSTANCE "VI_1" FAULT 100',
      '! INSTANCE "VI_2" FAULT 100',
    ],
  );
  assert.equal(node.wakeAtUs, undefined);
});

test('a group leaves FAULT only when all trackers of every member have reported', () => {
  const script = {
    name: 'chk',
    script: { argv: ['x'], text: 'x' },
    intervalUs: S,
    weight: 0,
    reverse: false,
    rise: 1,
    fall: 1,
    initFail: false,
  };
  const tracked = pair({}, { track: { ...NOTHING_TRACKED, scripts: [{ name: 'chk' }] } });
  const node = startNode({ ...tracked, scripts: [script] }, [{ ...eth0, up: false }, eth1]);
  give(node, { kind: 'interface', facts: eth0 });
  const states = () => node.state.instances.map(({ state }) => state);
  assert.ok(!states().includes('backup'));
  give(node, { kind: 'script', name: 'chk', outcome: { kind: 'exited', status: 0 } });
  assert.deepEqual(states(), ['backup', 'backup']);
});

test('an address lost by one: all go to BACKUP with priority 0', () => {
  const node = masters();
  give(node, { kind: 'lost', instance: 'VI_2', what: 'address', text: 'IP 10.98.0.110 removed from eth1', noTrack: false });
  assert.equal(notes(node).filter((line) => line.endsWith('sent 0 priority')).length, 2);
  assert.equal(instanceOf(node).counters.zeroPrioritySent, 1);
  pass(node, 4.7 * S);
  assert.equal(instanceOf(node, 'VI_2').state, 'master', 'after a skew, not a down timer');
});

test('weights of members are ignored without sync_group_tracking_weight; those of the group count for all', () => {
  const track = { ...NOTHING_TRACKED, interfaces: [{ name: 'eth2', weight: 20 }] };
  const eth2 = { ...eth1, name: 'eth2', index: 4 };
  const priorities = (configuration: KeepalivedConfiguration) =>
    startNode(configuration, [eth0, eth1, eth2]).state.instances.map(({ priority }) => priority);
  assert.deepEqual(priorities(pair({ track })), [100, 100]);
  assert.deepEqual(priorities(pair({ track }, {}, { trackingWeight: true })), [120, 100]);
  assert.deepEqual(priorities(pair({}, {}, { track })), [120, 120]);
});

test('a member with a fault that a reload adds moves the group to FAULT', () => {
  const alone = { ...configurationOf({}), syncGroups: [{ ...group, members: ['VI_1'] }] };
  const node = startNode(alone);
  pass(node, 4 * S);
  assert.ok(lines(node).includes('! GROUP "G" MASTER 0'), 'a group of one is notified, too');
  give(node, { kind: 'configure', configuration: pair(), interfaces: [eth0, { ...eth1, up: false }] });
  assert.deepEqual(
    node.state.instances.map(({ state }) => state),
    ['fault', 'fault'],
  );
});

test('stop: members first, then the group', () => {
  const node = masters();
  give(node, { kind: 'stop' });
  assert.deepEqual(
    lines(node).filter((line) => line.startsWith('!')),
    ['! INSTANCE "VI_1" STOP 100', '! INSTANCE "VI_2" STOP 100', '! GROUP "G" STOP 0'],
  );
});

test('a member that joins masters becomes master, or moves them to BACKUP if it receives another master’s adverts', () => {
  const alone = { ...configurationOf({}), syncGroups: [{ ...group, members: ['VI_1'] }] };
  const join = (): VrrpNode => {
    const node = startNode(alone);
    pass(node, 4 * S);
    give(node, { kind: 'configure', configuration: pair(), interfaces: [eth0, eth1] });
    assert.deepEqual([instanceOf(node, 'VI_1').state, instanceOf(node, 'VI_2').state], ['master', 'backup']);
    logs(node);
    return node;
  };
  const quiet = join();
  lines(quiet);
  pass(quiet, 8 * S);
  assert.deepEqual(
    lines(quiet).filter((line) => /GROUP|Syncing/.test(line)),
    [],
    'the group is notified once',
  );
  assert.deepEqual([instanceOf(quiet, 'VI_1').state, instanceOf(quiet, 'VI_2').state], ['master', 'master']);
  const met = join();
  give(met, advert({ vrid: 52, priority: 200, addresses: [ip('10.98.0.110')] }, { interface: 'eth1' }), 5 * S);
  assert.deepEqual([instanceOf(met, 'VI_1').state, instanceOf(met, 'VI_2').state], ['backup', 'backup']);
});

test('of two members that joined masters each waits for its own timer', () => {
  const third: Partial<VrrpInstance> = { ...second, name: 'VI_3', vrid: 53, priority: 200 };
  const alone = { ...configurationOf({}), syncGroups: [{ ...group, members: ['VI_1'] }] };
  const node = startNode(alone);
  pass(node, 4 * S);
  const all = { ...configurationOf({}, second, third), syncGroups: [{ ...group, members: ['VI_1', 'VI_2', 'VI_3'] }] };
  give(node, { kind: 'configure', configuration: all, interfaces: [eth0, eth1] });
  const states = () => node.state.instances.map(({ state }) => state);
  pass(node, 7.3 * S);
  assert.deepEqual(states(), ['master', 'backup', 'master']);
  pass(node, 7.7 * S);
  assert.deepEqual(states(), ['master', 'master', 'master']);
});
