// Clocks: late hosts, delays, refreshes, fast mode, and that time alone never makes the machine run for ever.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { oneInstance } from '../../../test/support/keepalived-configuration.js';
import fc from '../../../test/support/properties.js';
import {
  advert,
  configurationOf,
  eth0,
  give,
  instanceOf,
  lines,
  logs,
  onTheWire,
  pass,
  S,
  startNode,
  taken,
} from '../../../test/support/vrrp-node.js';
import type { VrrpInstance } from '../../model/keepalived/instance.js';

const fast = { intervalUs: 50_000, missed: 3 };
const garp = oneInstance.garp;

test('a suspended host does not wake up as a second master: it waits for one more advert', () => {
  const node = startNode(configurationOf({}));
  taken(node);
  give(node, { kind: 'wake' }, 10 * S);
  assert.deepEqual(logs(node), [
    'A thread timer expired 6.390625 seconds ago: this host or its load kept us from running',
    '(VI_1) timer ran 6.391 s late: listening once more before taking over',
  ]);
  assert.equal(node.state.lateWakes, 1);
  give(node, advert({ priority: 200 }), 10 * S + 10);
  pass(node, 11 * S);
  assert.equal(instanceOf(node).state, 'backup');
  const alone = startNode(configurationOf({}));
  give(alone, { kind: 'wake' }, 10 * S);
  pass(alone, 11 * S);
  assert.equal(instanceOf(alone).state, 'backup', 'for as long as a master takes to send its next advert');
  pass(alone, 12 * S);
  assert.equal(instanceOf(alone).state, 'master');
});

test('an instance whose own timer ended just now was suspended as long as the others', () => {
  const node = startNode(configurationOf({}, { name: 'VI_2', vrid: 52, downTimerAdverts: 6 }));
  give(node, { kind: 'wake' }, 6.7 * S);
  assert.equal(instanceOf(node, 'VI_2').state, 'backup');
  pass(node, 9 * S);
  assert.equal(instanceOf(node, 'VI_2').state, 'master');
});

test('timer_expired_backup: with nopreempt a master that ran too late steps down', () => {
  const late = (instance: Partial<VrrpInstance>) => {
    const node = startNode(configurationOf(instance));
    pass(node, 4 * S);
    give(node, { kind: 'wake' }, 8 * S);
    return instanceOf(node).state;
  };
  assert.equal(late({ nopreempt: true, timerExpiredBackup: 100 }), 'backup');
  assert.equal(late({ nopreempt: true }), 'master');
  assert.equal(late({ timerExpiredBackup: 100 }), 'master');
});

test('vrrp_startup_delay: packets are ignored, and there is no election', () => {
  const configuration = configurationOf({});
  const node = startNode({ ...configuration, global: { ...configuration.global, startupDelayUs: 3 * S } });
  assert.equal(logs(node)[0], 'Delaying startup for 3 seconds');
  assert.equal(node.wakeAtUs, 6_609_375);
  give(node, advert({ priority: 200 }), 2 * S);
  assert.equal(node.wakeAtUs, 6_609_375);
  const changed = configurationOf({ downTimerAdverts: 2 });
  give(node, { kind: 'configure', configuration: changed, interfaces: [eth0] });
  assert.equal(node.wakeAtUs, 5_609_375, 'nor after a reload');
  const owner = configurationOf({ priority: 255, initialState: 'master' });
  const delayed = startNode({ ...owner, global: { ...owner.global, delayAfterBootUs: 2 * S } });
  assert.equal(instanceOf(delayed).state, 'backup');
  pass(delayed, 2 * S);
  assert.equal(instanceOf(delayed).state, 'master');
});

test('garp_master_refresh leaves with an advert, garp_extra_if on other interfaces', () => {
  const [one] = oneInstance.addresses;
  const elsewhere = { ...(one ?? assert.fail()), dev: 'eth1' };
  const node = startNode(
    configurationOf({
      addresses: [...oneInstance.addresses, elsewhere],
      garp: { ...garp, masterDelayUs: 0, masterRefreshUs: 3 * S, masterRefreshRepeat: 2, extraInterfaceUs: 5 * S },
    }),
  );
  pass(node, 4 * S);
  taken(node);
  pass(node, 11 * S);
  const output = lines(node).filter((line) => !line.startsWith('('));
  const advert = '> VI_1 prio 100 to 224.0.0.18 on eth0';
  const both = '10.99.0.100@eth0 10.99.0.100@eth1';
  const extra = 'announce 10.99.0.100@eth1';
  const refresh = `announce ${both} ${both}`;
  assert.deepEqual(output, [advert, advert, advert, refresh, advert, advert, extra, advert, refresh, advert]);
});

test('a refresh that is due leaves with the next advert, be it an answer: priority 0 of another node does not delay it', () => {
  const node = startNode(configurationOf({ garp: { ...garp, masterDelayUs: 0, masterRefreshUs: 3 * S } }));
  pass(node, 4 * S);
  taken(node);
  for (let count = 1; count <= 8; count++) {
    pass(node, (4 + 0.9 * count) * S);
    give(node, advert({ priority: 0 }));
  }
  assert.equal(lines(node).filter((line) => line.startsWith('announce')).length, 2);
});

test('fast mode: a backup relies on it only after fast adverts of the master', () => {
  const node = startNode(configurationOf({ fast }));
  for (const at of [1, 1.05, 1.1]) give(node, advert({ priority: 200 }), at * S);
  assert.equal(node.wakeAtUs, 1.1 * S + 3_609_375);
  give(node, advert({ priority: 200 }), 1.15 * S);
  assert.equal(node.wakeAtUs, 1.15 * S + 150_000 + 30_468);
  pass(node, 1.5 * S);
  assert.equal(instanceOf(node).state, 'master');
  const plain = startNode(configurationOf({ fast }));
  for (const at of [1, 2, 3, 4]) give(plain, advert({ priority: 200 }), at * S);
  assert.equal(plain.wakeAtUs, 4 * S + 3_609_375, 'a master without it is given its ordinary time');
});

test('fast mode on the wire: more adverts with the same content', () => {
  const node = startNode(configurationOf({ fast }));
  pass(node, 4 * S);
  const sends = taken(node).flatMap((effect) => (effect.kind === 'send' ? [effect] : []));
  assert.equal(sends.length, 8);
  const [first, second] = sends;
  assert.ok(first && second);
  assert.deepEqual(first.payload, second.payload);
  const peer = startNode(configurationOf({ sourceAddress: { family: 'inet', words: [0x0a630005] } }), [eth0]);
  give(peer, { kind: 'packet', packet: onTheWire(first) });
  assert.equal(instanceOf(peer).counters.advertsReceived, 1);
});

test('one second of a host with many instances at 100 ms', () => {
  const many = Array.from({ length: 255 }, (_, index) => ({
    name: `VI_${index}`,
    vrid: index + 1,
    version: 3 as const,
    advertUs: 100_000,
  }));
  const node = startNode(configurationOf(...many));
  pass(node, S);
  assert.equal(node.state.instances.filter(({ state }) => state === 'master').length, 255);
  taken(node);
  pass(node, 2 * S);
  assert.equal(taken(node).filter(({ kind }) => kind === 'send').length, 2550);
});

test('any input: a wake leads to a later one, and the addresses on the host are those that were added', () => {
  const input = fc.oneof(
    fc.record({ kind: fc.constant('advert' as const), priority: fc.nat(255), wait: fc.nat(3 * S) }),
    fc.record({ kind: fc.constant('link' as const), up: fc.boolean(), wait: fc.nat(3 * S) }),
    fc.record({ kind: fc.constant('lost' as const), wait: fc.nat(3 * S) }),
    fc.record({ kind: fc.constant('priority' as const), priority: fc.integer({ min: 1, max: 254 }), wait: fc.nat(3 * S) }),
  );
  fc.assert(
    fc.property(fc.array(input, { maxLength: 40 }), (inputs) => {
      const node = startNode(configurationOf({ garp: { ...garp, masterRefreshUs: 2 * S, extraInterfaceUs: S } }));
      let held = false;
      for (const one of inputs) {
        if (one.kind === 'advert') give(node, advert({ priority: one.priority }));
        else if (one.kind === 'link') give(node, { kind: 'interface', facts: { ...eth0, up: one.up } });
        else if (one.kind === 'lost') give(node, { kind: 'lost', instance: 'VI_1', what: 'address', text: 'x', noTrack: false });
        else give(node, { kind: 'configure', configuration: configurationOf({ priority: one.priority }), interfaces: [eth0] });
        pass(node, node.atUs + one.wait);
        for (const effect of taken(node)) if (effect.kind === 'addresses') held = effect.action === 'add';
        assert.equal(held, instanceOf(node).state === 'master');
        assert.equal(instanceOf(node).addressesSet, held);
        assert.ok(node.wakeAtUs === undefined || node.wakeAtUs > node.atUs);
      }
    }),
  );
});
