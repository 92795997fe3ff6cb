// Bugs of the VRRP machine that histories found, each as the few steps that show it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ip } from '../../../test/support/ip.js';
import { emptyConfiguration } from '../../../test/support/keepalived-configuration.js';
import {
  advert,
  configurationOf,
  eth0,
  eth1,
  give,
  instanceOf,
  onTheWire,
  pass,
  S,
  startNode,
  taken,
  type VrrpNode,
} from '../../../test/support/vrrp-node.js';

const sends = (node: VrrpNode) => taken(node).flatMap((effect) => (effect.kind === 'send' ? [onTheWire(effect)] : []));

test('AH between two masters: sequence numbers are kept per sender, or both would refuse each other for ever', () => {
  const configuration = (priority: number) => configurationOf({ priority, authentication: { kind: 'ah', password: '1111' } });
  const low = startNode(configuration(100));
  const high = startNode(configuration(200), [{ ...eth0, addresses: [ip('10.99.0.2')] }, eth1]);
  // Apart: the low one has sent four adverts by then, the high one two, and none arrived.
  pass(low, 7 * S);
  pass(high, 5 * S);
  assert.deepEqual([instanceOf(low).state, instanceOf(high).state], ['master', 'master']);
  assert.equal(sends(low).length > sends(high).length, true);
  pass(high, 6 * S);
  const [first] = sends(high);
  assert.ok(first !== undefined);
  give(low, { kind: 'packet', packet: first });
  assert.equal(instanceOf(low).state, 'backup');
  give(low, { kind: 'packet', packet: first });
  assert.equal(instanceOf(low).counters.replays, 1);
});

test('vrrp_startup_delay also holds for an instance that leaves FAULT meanwhile: it ignores packets and must not take over', () => {
  const configuration = configurationOf({});
  const delayed = { ...configuration, global: { ...emptyConfiguration.global, startupDelayUs: 10 * S } };
  const node = startNode(delayed, [{ ...eth0, up: false }, eth1]);
  pass(node, S);
  give(node, { kind: 'interface', facts: eth0 });
  pass(node, 10 * S);
  assert.equal(instanceOf(node).state, 'backup');
  pass(node, 14 * S);
  assert.equal(instanceOf(node).state, 'master');
});

test('an interface that was made again, without a report that the old one was deleted, has none of our addresses', () => {
  const node = startNode(configurationOf({}));
  pass(node, 5 * S);
  assert.equal(instanceOf(node).state, 'master');
  give(node, { kind: 'interface', facts: { ...eth0, index: 17 } });
  assert.equal(instanceOf(node).state, 'backup');
  taken(node);
  pass(node, 10 * S);
  assert.equal(instanceOf(node).state, 'master');
  assert.ok(taken(node).some((effect) => effect.kind === 'addresses' && effect.action === 'add'));
});

test('auth_hmac: a node that was restarted within a second is accepted, its older packets are not', () => {
  const authentication = {
    kind: 'hmac',
    keys: [{ id: 1, hex: '0123456789abcdef'.repeat(4) }],
    activeKey: 1,
    antiReplay: 'time',
    timeWindowUs: 30 * S,
    mode: 'enforce',
  } as const;
  const configuration = configurationOf({ version: 3, advertUs: S / 10, authentication, priority: 200 });
  const wallOffsetUs = 1_800_000_000 * S;
  const interfaces = [{ ...eth0, addresses: [ip('10.99.0.2')] }, eth1];
  const run = (node: VrrpNode, untilUs: number) => {
    give(node, { kind: 'configure', configuration, interfaces, wallOffsetUs });
    pass(node, untilUs);
    return sends(node);
  };
  const first = run(startNode(configuration, interfaces), 0.5 * S);
  const again = startNode(configuration, interfaces);
  again.atUs = 0.51 * S;
  const second = run(again, 0.95 * S);
  const low = startNode(configurationOf({ version: 3, advertUs: S / 10, authentication, priority: 100 }));
  give(
    low,
    { kind: 'configure', configuration: low.state.configuration ?? configuration, interfaces: [eth0, eth1], wallOffsetUs },
    0.99 * S,
  );
  const all = [...first, ...second];
  assert.ok(first.length > 1 && second.length > 0);
  for (const packet of all) give(low, { kind: 'packet', packet });
  assert.equal(instanceOf(low).counters.advertsReceived, all.length);
  give(low, { kind: 'packet', packet: first[1]! });
  assert.equal(instanceOf(low).counters.advertsReceived, all.length);
});

test('after FAULT a backup waits by its own interval, not by that of an earlier master', () => {
  const node = startNode(configurationOf({ version: 3 }));
  give(node, advert({ version: 3, priority: 200, interval: 3000 }), S);
  assert.equal(instanceOf(node).advertUs, 30 * S);
  give(node, { kind: 'interface', facts: { ...eth0, up: false } });
  give(node, { kind: 'interface', facts: eth0 });
  assert.equal((node.wakeAtUs ?? 0) - node.atUs, 3 * S + (156 / 256) * S);
});
