// The rows of VRRP's state table, one by one: what is logged, sent, changed on the host and notified, in keepalived's order.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ip } from '../../../test/support/ip.js';
import { oneInstance } from '../../../test/support/keepalived-configuration.js';
import {
  advert,
  configurationOf,
  give,
  instanceOf,
  lines,
  logs,
  pass,
  S,
  startNode,
  type VrrpNode,
} from '../../../test/support/vrrp-node.js';
import type { VrrpInstance } from '../../model/keepalived/instance.js';

const five = (entry: string) => `announce ${Array.from({ length: 5 }, () => entry).join(' ')}`;
const block = five('10.99.0.100@eth0');

function master(changes: Partial<VrrpInstance> = {}): VrrpNode {
  const node = startNode(configurationOf(changes));
  pass(node, 4.5 * S);
  assert.equal(instanceOf(node).state, 'master');
  lines(node);
  return node;
}

function backup(changes: Partial<VrrpInstance> = {}): VrrpNode {
  const node = startNode(configurationOf(changes));
  lines(node);
  return node;
}

test('start: what a crashed run left is removed, then BACKUP for three adverts and a skew, then MASTER', () => {
  const node = startNode(configurationOf({}));
  assert.deepEqual(lines(node), [
    '(VI_1) removing VIPs.',
    'remove 10.99.0.100 on eth0',
    '(VI_1) Entering BACKUP STATE (init)',
    '! INSTANCE "VI_1" BACKUP 100',
  ]);
  assert.equal(node.wakeAtUs, 3_609_375);
  pass(node, 3_609_375);
  assert.deepEqual(lines(node), [
    '(VI_1) Receive advertisement timeout',
    '(VI_1) Entering MASTER STATE',
    '> VI_1 prio 100 to 224.0.0.18 on eth0',
    '(VI_1) setting VIPs.',
    'add 10.99.0.100 on eth0',
    '(VI_1) Sending/queueing gratuitous ARPs on eth0 for 10.99.0.100',
    block,
    '! INSTANCE "VI_1" MASTER 100',
  ]);
  assert.equal(node.wakeAtUs, 4_609_375);
});

test('MASTER: an advert every interval, a second block of ARP after garp_master_delay', () => {
  const node = master();
  pass(node, 9 * S);
  const sent = lines(node);
  assert.equal(sent.filter((line) => line.startsWith('>')).length, 5);
  assert.deepEqual(
    sent.filter((line) => line.startsWith('announce')),
    [block],
  );
  pass(node, 30 * S);
  assert.deepEqual(
    lines(node).filter((line) => !line.startsWith('>')),
    [],
  );
});

test('start as owner: MASTER immediately', () => {
  const node = startNode(configurationOf({ priority: 255, initialState: 'master' }));
  const output = lines(node);
  assert.equal(output[2], '(VI_1) Receive advertisement timeout');
  assert.ok(!output.includes('(VI_1) Entering BACKUP STATE (init)'));
  assert.equal(instanceOf(node).state, 'master');
  const wish = startNode(configurationOf({ priority: 150, initialState: 'master' }));
  assert.equal(instanceOf(wish).state, 'backup', 'state MASTER below 255 waits like everybody');
  assert.equal(wish.wakeAtUs, 3_414_062);
});

test('BACKUP: an advert of at least our priority restarts the timer, a lower one does not', () => {
  const node = backup();
  give(node, advert({ priority: 100 }), S);
  assert.equal(node.wakeAtUs, 4_609_375, 'an equal priority is followed, whatever its address');
  give(node, advert({ priority: 99 }), 2 * S);
  assert.equal(node.wakeAtUs, 4_609_375);
  assert.deepEqual(lines(node), ['(VI_1) received lower priority (99) advert from 10.99.0.2 - discarding']);
  assert.equal(instanceOf(node).master?.priority, 100);
});

test('BACKUP with nopreempt follows a lower master', () => {
  const node = backup({ nopreempt: true });
  give(node, advert({ priority: 1 }), 2 * S);
  assert.deepEqual(lines(node), []);
  assert.equal(node.wakeAtUs, 5_609_375);
});

test('preempt_delay: follows the master while it runs, takes over after it', () => {
  const node = backup({ preemptDelayUs: 3 * S, priority: 200 });
  for (const at of [0.336, 1.336, 2.336, 3.337, 4.337]) give(node, advert(), at * S);
  assert.deepEqual(lines(node), [
    '(VI_1) start preempt delay (3.000000)',
    '(VI_1) received lower priority (100) advert from 10.99.0.2 - discarding',
    '(VI_1) received lower priority (100) advert from 10.99.0.2 - discarding',
  ]);
  assert.equal(node.wakeAtUs, 2.336 * S + 3_218_750);
  const higher = backup({ preemptDelayUs: 3 * S });
  give(higher, advert({ priority: 50 }), S);
  give(higher, advert({ priority: 200 }), 2 * S);
  assert.equal(instanceOf(higher).preemptAtUs, undefined, 'a better master ends the count');
});

test('BACKUP: after priority 0 it waits for a skew', () => {
  const node = backup();
  give(node, advert({ priority: 0 }), S);
  assert.deepEqual(lines(node), ['(VI_1) Backup received priority 0 advertisement']);
  assert.equal(node.wakeAtUs, S + 609_375);
  assert.equal(instanceOf(node).counters.zeroPriorityReceived, 1);
});

test('MASTER: a lower advert is answered, and all addresses are announced again', () => {
  const node = master();
  give(node, advert({ priority: 50 }));
  assert.deepEqual(lines(node), [
    '(VI_1) Received advert from 10.99.0.2 with lower priority 50, ours 100, forcing new election',
    '> VI_1 prio 100 to 224.0.0.18 on eth0',
    '(VI_1) Sending/queueing gratuitous ARPs on eth0 for 10.99.0.100',
    block,
    '! INSTANCE "VI_1" MASTER_RX_LOWER_PRI 100',
  ]);
  assert.equal(instanceOf(node).timerAtUs, 5.5 * S, 'the answer counts as our advert');
  give(node, advert({ priority: 50 }), 4.51 * S);
  assert.equal(lines(node).length, 1, 'a flood is not answered one by one');
});

test('lower_prio_no_advert: no answer, the advert timer goes on', () => {
  const node = master({ lowerPriorityNoAdvert: true });
  give(node, advert({ priority: 50 }));
  const output = lines(node);
  assert.equal(output[0], '(VI_1) Received advert from 10.99.0.2 with lower priority 50, ours 100');
  assert.ok(!output.some((line) => line.startsWith('>')));
  assert.equal(instanceOf(node).timerAtUs, 4_609_375);
});

test('MASTER: a higher advert ends it', () => {
  const node = master();
  give(node, advert({ priority: 200 }));
  assert.deepEqual(lines(node), [
    '(VI_1) Master received advert from 10.99.0.2 with higher priority 200, ours 100',
    '(VI_1) Entering BACKUP STATE',
    '(VI_1) removing VIPs.',
    'remove 10.99.0.100 on eth0',
    '! INSTANCE "VI_1" BACKUP 100',
  ]);
  assert.equal(node.wakeAtUs, 4.5 * S + 3_609_375);
  assert.equal(instanceOf(node).counters.releasedMaster, 1);
  pass(node, 8.1 * S);
  assert.deepEqual(lines(node), [], 'no block of ARP is left over');
});

test('MASTER: of two equal ones the higher address stays', () => {
  const loser = master();
  give(loser, advert());
  assert.equal(logs(loser)[0], '(VI_1) Master received advert from 10.99.0.2 with same priority 100 but higher IP address than ours');
  const winner = master({ sourceAddress: ip('10.99.0.9') });
  give(winner, advert());
  assert.equal(logs(winner)[0], '(VI_1) Received advert from 10.99.0.2 with lower priority 100, ours 100, forcing new election');
  const equal = master();
  give(equal, advert({}, { source: '10.99.0.1' }));
  assert.deepEqual(logs(equal), ['(VI_1) WARNING - equal priority advert received from remote host with our IP address.']);
  assert.equal(instanceOf(equal).state, 'master');
});

test('higher_prio_send_advert: one advert before stepping down', () => {
  const node = master({ higherPrioritySendAdvert: true });
  give(node, advert({ priority: 200 }));
  assert.deepEqual(lines(node).slice(0, 3), [
    '(VI_1) Master received advert from 10.99.0.2 with higher priority 200, ours 100',
    '> VI_1 prio 100 to 224.0.0.18 on eth0',
    '(VI_1) Entering BACKUP STATE',
  ]);
});

test('MASTER: priority 0 is answered', () => {
  const node = master();
  give(node, advert({ priority: 0 }));
  assert.deepEqual(lines(node), ['(VI_1) Master received priority 0 message', '> VI_1 prio 100 to 224.0.0.18 on eth0']);
});

test('two owners: one gives up ownership', () => {
  const node = startNode(configurationOf({ priority: 255, initialState: 'master' }));
  lines(node);
  give(node, advert({ priority: 255 }), S);
  assert.deepEqual(logs(node), [
    '(VI_1) CONFIGURATION ERROR: local instance and a remote instance are both configured as address owner, please fix - reducing local priority',
    '(VI_1) Master received advert from 10.99.0.2 with higher priority 255, ours 254',
    '(VI_1) Entering BACKUP STATE',
    '(VI_1) removing VIPs.',
  ]);
  const ignoring = startNode(configurationOf({ priority: 255, initialState: 'master', ownerIgnoreAdverts: true }));
  logs(ignoring);
  give(ignoring, advert({ priority: 255 }), S);
  assert.equal(instanceOf(ignoring).state, 'master');
  assert.deepEqual(logs(ignoring), ['(VI_1) Dropping packet(s) from 10.99.0.2 since we are address owner']);
  assert.equal(instanceOf(ignoring).counters.advertsReceived, 0);
});

test('stop: priority 0, all resources are removed, scripts are notified, then nothing more', () => {
  const node = master();
  give(node, { kind: 'stop' });
  assert.deepEqual(lines(node), [
    '> VI_1 prio 0 to 224.0.0.18 on eth0',
    '(VI_1) sent 0 priority',
    '(VI_1) removing VIPs.',
    'remove 10.99.0.100 on eth0',
    '! INSTANCE "VI_1" STOP 100',
  ]);
  assert.equal(node.wakeAtUs, undefined);
  give(node, { kind: 'wake' }, 20 * S);
  assert.deepEqual(lines(node), []);
  const kept = master();
  give(kept, { kind: 'stop', keepAddresses: true });
  assert.deepEqual(lines(kept), ['! INSTANCE "VI_1" STOP 100']);
  const waiting = backup();
  give(waiting, { kind: 'stop' });
  assert.deepEqual(lines(waiting), ['! INSTANCE "VI_1" STOP 100']);
});

test('another program removes an address: BACKUP with priority 0, master again after a skew', () => {
  const node = master();
  give(node, { kind: 'lost', instance: 'VI_1', what: 'address', text: 'IP 10.99.0.100 removed from eth0', noTrack: true });
  assert.deepEqual(lines(node), []);
  give(node, { kind: 'lost', instance: 'VI_1', what: 'address', text: 'IP 10.99.0.100 removed from eth0', noTrack: false });
  assert.deepEqual(lines(node), [
    'Netlink reflector reports IP 10.99.0.100 removed from eth0',
    '(VI_1) Entering BACKUP STATE',
    '> VI_1 prio 0 to 224.0.0.18 on eth0',
    '(VI_1) sent 0 priority',
    '(VI_1) removing VIPs.',
    'remove 10.99.0.100 on eth0',
    '! INSTANCE "VI_1" BACKUP 100',
  ]);
  assert.equal(node.wakeAtUs, 4.5 * S + 609_375);
});

test('FAULT when the interface goes down, BACKUP for a whole down timer when it returns', () => {
  const node = master();
  const eth0 = node.state.interfaces.get('eth0') ?? assert.fail();
  give(node, { kind: 'interface', facts: { ...eth0, up: false } });
  assert.deepEqual(lines(node), [
    'Netlink reports eth0 down',
    '(VI_1) Entering FAULT STATE',
    '> VI_1 prio 0 to 224.0.0.18 on eth0',
    '(VI_1) sent 0 priority',
    '(VI_1) removing VIPs.',
    'remove 10.99.0.100 on eth0',
    '! INSTANCE "VI_1" FAULT 100',
  ]);
  assert.equal(node.wakeAtUs, undefined);
  give(node, advert({ priority: 1 }), 5 * S);
  give(node, { kind: 'interface', facts: eth0 }, 6 * S);
  assert.deepEqual(lines(node), ['Netlink reports eth0 up', '(VI_1) Entering BACKUP STATE', '! INSTANCE "VI_1" BACKUP 100']);
  assert.equal(node.wakeAtUs, 9_609_375);
});

test('the addresses of a master, in order with firewall, routes and rules', () => {
  const route = { family: 'inet', type: 'unicast', to: { address: ip('10.96.0.0'), length: 24 } } as VrrpInstance['routes'][number];
  const rule = { family: 'inet', not: false } as VrrpInstance['rules'][number];
  const [one] = oneInstance.addresses;
  const excluded = [{ ...(one ?? assert.fail()), address: ip('10.98.0.7'), dev: 'eth1' }];
  const node = startNode(configurationOf({ accept: false, routes: [route], rules: [rule], excludedAddresses: excluded }));
  lines(node);
  pass(node, 4 * S);
  const set = lines(node).filter((line) => !/^[>!]|announce|queueing/.test(line));
  assert.deepEqual(set.slice(2), [
    '(VI_1) setting firewall drop rule',
    'firewall drop 10.99.0.100 10.98.0.7',
    '(VI_1) setting VIPs.',
    'add 10.99.0.100 on eth0',
    '(VI_1) setting E-VIPs.',
    'add 10.98.0.7 on eth1',
    '(VI_1) setting Virtual Routes',
    'add routes',
    '(VI_1) setting Virtual Rules',
    'add rules',
  ]);
  give(node, advert({ priority: 200 }));
  assert.deepEqual(lines(node).slice(2, -1), [
    '(VI_1) removing Virtual Rules',
    'remove rules',
    '(VI_1) removing Virtual Routes',
    'remove routes',
    '(VI_1) removing VIPs.',
    'remove 10.99.0.100 on eth0',
    '(VI_1) removing E-VIPs.',
    'remove 10.98.0.7 on eth1',
    '(VI_1) removing firewall drop rule',
    'firewall allow 10.99.0.100 10.98.0.7',
  ]);
});
