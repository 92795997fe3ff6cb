// Two masters: detected by each kind of evidence, logged once, over once.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ip } from '../../../../test/support/ip.js';
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
} from '../../../../test/support/vrrp-node.js';

function master(): VrrpNode {
  const node = startNode(configurationOf({}));
  pass(node, 9.5 * S);
  assert.equal(instanceOf(node).state, 'master');
  lines(node);
  return node;
}

function splits(node: VrrpNode): readonly string[] {
  return lines(node).filter((line) => /SPLIT|split/.test(line));
}

test('refused adverts: the second of them means a second master, logged once; ARP again when it is over', () => {
  const node = master();
  const refused = advert({ priority: 200, interval: 2 });
  give(node, refused);
  assert.deepEqual(splits(node), []);
  for (const at of [10, 12, 14]) {
    pass(node, at * S);
    give(node, refused);
  }
  assert.deepEqual(splits(node), [
    '(VI_1) SPLIT BRAIN: 10.99.0.2 is MASTER of VRID 51, too: advert_int differs between the nodes',
    '! INSTANCE "VI_1" SPLIT_BRAIN 100',
  ]);
  pass(node, 22 * S);
  const over = lines(node).filter((line) => !/^(>|probe)/.test(line));
  assert.deepEqual(over.slice(0, 2), ['(VI_1) split brain is over after 4.5 s; we stay MASTER', '! INSTANCE "VI_1" SPLIT_BRAIN_OVER 100']);
  assert.ok(over[3]?.startsWith('announce 10.99.0.100@eth0'));
  assert.equal(instanceOf(node).split, undefined);
});

test('a wrong checksum of version 2 is no matter of v3_checksum_as_v2', () => {
  const node = master();
  const damaged = advert({ priority: 200 }, { checksum: { kind: 'pseudo', source: ip('10.99.0.2'), destination: ip('224.0.0.18') } });
  give(node, damaged);
  give(node, damaged);
  assert.deepEqual(splits(node), [
    '(VI_1) SPLIT BRAIN: 10.99.0.2 is MASTER of VRID 51, too: its adverts are damaged on the way, or forged',
    '! INSTANCE "VI_1" SPLIT_BRAIN 100',
  ]);
});

test('priority 0 and our own echo are no evidence', () => {
  const node = master();
  for (const at of [10, 11, 12]) {
    pass(node, at * S);
    give(node, advert({ priority: 0, interval: 2 }));
    give(node, advert({ priority: 100, interval: 2 }, { source: '10.99.0.1' }));
  }
  assert.deepEqual(splits(node), []);
});

test('a peer that keeps sending lower adverts does not receive ours', () => {
  const node = master();
  for (let at = 10; at < 16; at++) {
    pass(node, at * S);
    give(node, advert({ priority: 50 }));
  }
  assert.match(splits(node)[0] ?? '', /it does not receive our adverts/);
});

test('a second master without adverts is probed for every second, until no host answers', () => {
  const node = master();
  const conflict = { kind: 'conflict', address: ip('10.99.0.100'), mac: '02:00:00:00:00:99', interface: 'eth0' } as const;
  give(node, conflict);
  lines(node);
  for (let second = 0; second < 20; second++) {
    pass(node, node.atUs + S);
    const asked = lines(node).filter((line) => line.startsWith('probe'));
    assert.deepEqual(asked, ['probe 10.99.0.100@eth0']);
    give(node, conflict);
  }
  assert.deepEqual(splits(node), []);
  pass(node, node.atUs + 10 * S);
  assert.match(splits(node).join(), /split brain is over after 20\.0 s/);
});

test('another host that answers ARP for one of our addresses', () => {
  const node = master();
  const conflict = { kind: 'conflict', address: ip('10.99.0.100'), mac: '02:00:00:00:00:99', interface: 'eth0' } as const;
  give(node, { ...conflict, address: ip('10.99.0.77') });
  assert.deepEqual(splits(node), []);
  give(node, conflict);
  give(node, conflict);
  const output = splits(node);
  assert.equal(output.length, 2);
  assert.match(output[0] ?? '', /SPLIT BRAIN: 02:00:00:00:00:99 is MASTER of VRID 51, too: it answers for 10\.99\.0\.100 on eth0/);
  assert.equal(instanceOf(node).counters.conflicts, 2);
});

const heartbeat = { kind: 'heartbeat', instance: 'VI_1', from: ip('192.0.2.2') } as const;

test('heartbeats: a peer that is MASTER, too', () => {
  const node = master();
  give(node, { ...heartbeat, state: 'backup', priority: 50 });
  assert.deepEqual(splits(node), []);
  give(node, { ...heartbeat, state: 'master', priority: 50 });
  assert.match(splits(node)[0] ?? '', /192\.0\.2\.2 is MASTER of VRID 51, too: adverts do not pass between the nodes on eth0/);
  assert.equal(instanceOf(node).state, 'master');
});

test('heartbeats: of two masters the lower one yields and stays BACKUP while they arrive', () => {
  const node = master();
  for (let at = 10; at < 30; at++) {
    give(node, { ...heartbeat, state: 'master', priority: 200 }, at * S);
    pass(node, at * S + S / 2);
  }
  assert.equal(instanceOf(node).state, 'backup');
  const output = logs(node);
  assert.ok(output.includes('(VI_1) Master received a heartbeat of MASTER 192.0.2.2 with higher priority 200, ours 100'));
  assert.ok(output.includes('(VI_1) no adverts on eth0, but 192.0.2.2 is MASTER by its heartbeats: staying BACKUP'));
  pass(node, 40 * S);
  assert.equal(instanceOf(node).state, 'master', 'they ended');
});

test('heartbeats: a backup that may preempt does not wait for them', () => {
  const states = (nopreempt: boolean) => {
    const node = startNode(configurationOf({ nopreempt }));
    for (let at = 1; at < 10; at++) {
      pass(node, at * S);
      give(node, { ...heartbeat, state: 'master', priority: 50 });
    }
    return instanceOf(node).state;
  };
  assert.deepEqual([states(false), states(true)], ['master', 'backup']);
});

test('heartbeats do not lengthen the time that fast mode waits', () => {
  const node = startNode(configurationOf({ fast: { intervalUs: 50_000, missed: 3 } }));
  for (const at of [1, 1.05, 1.1, 1.15]) give(node, advert({ priority: 200 }), at * S);
  give(node, { ...heartbeat, state: 'master', priority: 200 }, 1.16 * S);
  pass(node, 1.35 * S);
  assert.equal(instanceOf(node).state, 'master');
});

test('an episode ends with mastership', () => {
  const node = master();
  for (const at of [10, 11]) {
    pass(node, at * S);
    give(node, advert({ priority: 200, interval: 2 }));
  }
  assert.notEqual(instanceOf(node).split, undefined);
  give(node, advert({ priority: 200 }));
  assert.equal(instanceOf(node).state, 'backup');
  assert.equal(instanceOf(node).split, undefined);
});

test('packets that the socket filter dropped are counted, by reason and in total; counters can be cleared', () => {
  const node = master();
  give(node, { kind: 'filtered', instance: 'VI_1', counts: { ttl: 3, flood: 4 } });
  assert.equal(instanceOf(node).counters.ttlErrors, 3);
  assert.equal(instanceOf(node).counters.filtered, 7);
  give(node, { kind: 'clearCounters' });
  assert.equal(instanceOf(node).counters.filtered, 0);
  assert.deepEqual(logs(node), []);
});

test('received adverts give a better cause than ARP did: logged again, notified once', () => {
  const node = master();
  give(node, { kind: 'conflict', address: ip('10.99.0.100'), mac: '02:00:00:00:00:99', interface: 'eth0' });
  for (const at of [10, 12, 14]) {
    pass(node, at * S);
    give(node, advert({ priority: 200, interval: 2 }));
    give(node, { kind: 'conflict', address: ip('10.99.0.100'), mac: '02:00:00:00:00:99', interface: 'eth0' });
  }
  const output = splits(node);
  assert.deepEqual(
    output.map((line) => /answers for|advert_int differs|!/.exec(line)?.[0]),
    ['answers for', '!', 'advert_int differs'],
  );
});

test('one refused advert is enough if ARP confirms it, and gives the cause', () => {
  const node = master();
  give(node, advert({ priority: 200, interval: 2 }));
  give(node, { kind: 'conflict', address: ip('10.99.0.100'), mac: '02:00:00:00:00:99', interface: 'eth0' });
  assert.match(splits(node)[0] ?? '', /10\.99\.0\.2 is MASTER of VRID 51, too: advert_int differs/);
});
