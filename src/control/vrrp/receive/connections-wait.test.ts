// No preemption of a living master before the connections of the peers are here.
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
  logs,
  pass,
  S,
  startNode,
  taken,
  type VrrpNode,
} from '../../../../test/support/vrrp-node.js';
import type { KeepalivedConfiguration } from '../../../model/keepalived/configuration.js';
import type { VrrpInstance } from '../../../model/keepalived/instance.js';
import { groupOf } from '../../../sim/vrrp/configuration.js';

const PEER = '10.8.9.2:8848';
const second: Partial<VrrpInstance> = { name: 'VI_2', vrid: 52, interface: 'eth1' };

function within(limit: number | undefined, ...instances: readonly Partial<VrrpInstance>[]): KeepalivedConfiguration {
  const configuration = configurationOf(...instances);
  return limit === undefined ? configuration : { ...configuration, global: { ...configuration.global, lvsSyncWait: limit } };
}

/** Its peer's connections are missing. */
function backup(configuration: KeepalivedConfiguration): VrrpNode {
  const node = startNode(configuration);
  give(node, { kind: 'connections', missing: [PEER] });
  taken(node);
  return node;
}

/** A master with priority 100 sends an advert every second, until the end of second `to`. */
function receive(node: VrrpNode, from: number, to: number, input = advert()): void {
  for (let at = from; at <= to; at++) {
    pass(node, at * S);
    give(node, input);
  }
}

const stateOf = (node: VrrpNode, name?: string): string => instanceOf(node, name).state;

test('it follows the master until it has the connections, then takes over', () => {
  const node = backup(within(undefined, { priority: 200 }));
  receive(node, 1, 20);
  assert.deepEqual(
    [stateOf(node), logs(node)],
    ['backup', [`(VI_1) waits for connections of its peers before it preempts, at most 60 s: ${PEER}`]],
  );
  const { connectionsWait } = instanceOf(node);
  assert.deepEqual(connectionsWait, { peers: [PEER], untilUs: 61 * S, untilWallUs: 61 * S });
  give(node, { kind: 'connections', missing: [] });
  assert.deepEqual(logs(node), ['(VI_1) has all connections of its peers, and waits no longer']);
  receive(node, 21, 24);
  assert.equal(stateOf(node), 'master');
  assert.equal(instanceOf(node).connectionsWait, undefined);
});

test('the wait has an end, which a peer that comes and goes does not move', () => {
  const node = backup(within(5, { priority: 200 }));
  receive(node, 1, 3);
  give(node, { kind: 'connections', missing: [] });
  receive(node, 4, 4);
  give(node, { kind: 'connections', missing: ['a', 'b'] });
  receive(node, 5, 5);
  assert.equal(stateOf(node), 'backup');
  taken(node);
  receive(node, 6, 9);
  assert.equal(stateOf(node), 'master');
  assert.equal(logs(node)[0], '(VI_1) preempts without all connections of its peers: a, b');
});

test('0: it does not wait; nothing is missing: neither', () => {
  const never = backup(within(0, { priority: 200 }));
  receive(never, 1, 4);
  const complete = backup(within(undefined, { priority: 200 }));
  give(complete, { kind: 'connections', missing: [] });
  receive(complete, 1, 4);
  assert.deepEqual([stateOf(never), stateOf(complete)], ['master', 'master']);
});

test('a silent master, and one that sends priority 0, are taken over from as ever', () => {
  const silent = backup(within(undefined, { priority: 200 }));
  pass(silent, 4 * S);
  assert.equal(stateOf(silent), 'master');
  const left = backup(within(undefined, { priority: 200 }));
  receive(left, 1, 3);
  give(left, advert({ priority: 0 }));
  pass(left, 3.3 * S);
  assert.equal(stateOf(left), 'master');
  const died = backup(within(undefined, { priority: 200 }));
  receive(died, 1, 3);
  pass(died, 6.3 * S);
  assert.equal(stateOf(died), 'master');
});

test('preempt_delay comes first; a better master, and nopreempt, leave nothing to wait for', () => {
  const delayed = backup(within(2, { priority: 200, preemptDelayUs: 3 * S }));
  receive(delayed, 1, 3);
  assert.equal(instanceOf(delayed).connectionsWait, undefined);
  receive(delayed, 4, 5);
  assert.equal(stateOf(delayed), 'backup');
  receive(delayed, 6, 9);
  assert.equal(stateOf(delayed), 'master');
  const better = backup(within(undefined, { priority: 200 }));
  receive(better, 1, 1);
  receive(better, 2, 2, advert({ priority: 201 }));
  assert.equal(instanceOf(better).connectionsWait, undefined);
  const patient = backup(within(undefined, { priority: 200, nopreempt: true }));
  receive(patient, 1, 9);
  assert.deepEqual([stateOf(patient), logs(patient)], ['backup', []]);
});

test('an owner with state MASTER starts as master; as a backup, after a fault, it waits as any other', () => {
  const owner = backup(within(undefined, { priority: 255, initialState: 'master' }));
  assert.equal(stateOf(owner), 'master');
  give(owner, { kind: 'interface', facts: { ...eth0, up: false } });
  give(owner, { kind: 'interface', facts: eth0 });
  receive(owner, 1, 9);
  assert.equal(stateOf(owner), 'backup');
  give(owner, { kind: 'connections', missing: [] });
  receive(owner, 10, 13);
  assert.equal(stateOf(owner), 'master');
});

test('a sync group waits where one member has a master', () => {
  const grouped = { ...within(undefined, { priority: 200 }, { ...second, priority: 200 }), syncGroups: [groupOf('G', ['VI_1', 'VI_2'])] };
  const node = backup(grouped);
  receive(node, 1, 9);
  assert.deepEqual([stateOf(node), stateOf(node, 'VI_2')], ['backup', 'backup']);
  give(node, { kind: 'connections', missing: [] });
  receive(node, 10, 17);
  assert.deepEqual([stateOf(node), stateOf(node, 'VI_2')], ['master', 'master']);
});

test('a reload takes the limit away', () => {
  const node = backup(within(undefined, { priority: 200 }));
  receive(node, 1, 3);
  give(node, { kind: 'configure', configuration: within(0, { priority: 200 }), interfaces: [eth0, eth1] });
  receive(node, 4, 7);
  assert.equal(stateOf(node), 'master');
});

test('a master is not concerned', () => {
  const node = startNode(within(undefined, { priority: 200 }));
  pass(node, 4 * S);
  give(node, { kind: 'connections', missing: [PEER] });
  give(node, advert({}, { source: '10.99.0.9' }));
  assert.equal(stateOf(node), 'master');
  assert.deepEqual(instanceOf(node).source, ip('10.99.0.1'));
});
