// Waits and log limits that no other test covered: mutations of the source text found them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ip } from '../../../test/support/ip.js';
import {
  advert,
  configurationOf,
  eth0,
  give,
  instanceOf,
  logs,
  pass,
  S,
  startNode,
  taken,
  type VrrpNode,
} from '../../../test/support/vrrp-node.js';
import type { KeepalivedConfiguration } from '../../model/keepalived/configuration.js';
import type { SyncGroup, VrrpInstance } from '../../model/keepalived/instance.js';
import { NOTHING_TRACKED, type TrackScript } from '../../model/keepalived/trackers.js';
import { groupOf } from '../../sim/vrrp/configuration.js';
import { scriptsInUse } from './track/health.js';

const group = groupOf('G', ['VI_1', 'VI_2']);
const second: Partial<VrrpInstance> = { name: 'VI_2', vrid: 52, interface: 'eth1', addresses: [] };
const grouped = (one: Partial<VrrpInstance>, two: Partial<VrrpInstance> = {}): KeepalivedConfiguration => ({
  ...configurationOf(one, { ...second, ...two }),
  syncGroups: [group],
});

const owner: Partial<VrrpInstance> = { priority: 255, initialState: 'master' };

test('an owner whose group is not ready is BACKUP, and MASTER as soon as the others may', () => {
  const node = startNode(grouped({ ...owner, downTimerAdverts: 9 }));
  assert.deepEqual(
    node.state.instances.map(({ state, want }) => [state, want]),
    [
      ['backup', 'master'],
      ['backup', 'backup'],
    ],
  );
  assert.equal(instanceOf(node).timerAtUs, 9 * S + 3906);
  assert.ok(logs(node).includes('(VI_1) Entering BACKUP STATE (init)'));
  pass(node, 3_609_374);
  assert.equal(instanceOf(node).state, 'backup');
  pass(node, 3_609_375);
  assert.deepEqual(
    node.state.instances.map(({ state }) => state),
    ['master', 'master'],
  );
});

test('an owner leaves FAULT after one advert and its skew with state MASTER, else after a down timer', () => {
  const wait = (own: Partial<VrrpInstance>): number => {
    const node = startNode(configurationOf(own));
    give(node, { kind: 'interface', facts: { ...eth0, up: false } });
    give(node, { kind: 'interface', facts: eth0 }, 7 * S);
    assert.equal(instanceOf(node).state, 'backup');
    return (node.wakeAtUs ?? 0) - 7 * S;
  };
  assert.equal(wait(owner), S + 3906);
  assert.equal(wait({ priority: 255, initialState: 'backup' }), 3 * S + 3906);
  assert.equal(wait({ priority: 254, initialState: 'master' }), 3 * S + 7812);
});

test('timer_expired_backup: from the exact time at which the rival may have taken over, and for a down timer', () => {
  const woken = (atUs: number): VrrpNode => {
    const node = startNode(configurationOf({ nopreempt: true, timerExpiredBackup: 50 }));
    pass(node, 4 * S);
    assert.equal(instanceOf(node).timerAtUs, 4_609_375);
    give(node, { kind: 'wake' }, atUs);
    return node;
  };
  // The last advert left at 3.609375 s; a backup of priority 50 waits 3 + 206/256 s.
  const just = 3_609_375 + 3_804_687;
  assert.equal(instanceOf(woken(just - 1)).state, 'master');
  const late = woken(just);
  assert.equal(instanceOf(late).state, 'backup');
  assert.equal(late.wakeAtUs, just + 3_609_375);
  const backup = startNode(configurationOf({ nopreempt: true, timerExpiredBackup: 50 }));
  taken(backup);
  give(backup, { kind: 'wake' }, 20 * S);
  assert.ok(!logs(backup).some((line) => /stepping down|Entering/.test(line)), 'a backup has nothing to step down from');
});

test('a split brain is over two down times after its last sign, or three probes after it if adverts are faster', () => {
  const over = (own: Partial<VrrpInstance>): number => {
    const node = startNode(configurationOf(own));
    pass(node, 9 * S);
    for (const at of [9.1, 9.2]) {
      pass(node, at * S);
      give(node, advert({ version: own.version ?? 2, priority: 200, vrid: 51 }, { ttl: 9 }));
    }
    assert.equal(instanceOf(node).split?.declared, true);
    while (instanceOf(node).split !== undefined) pass(node, node.wakeAtUs ?? assert.fail('asleep'));
    return node.atUs;
  };
  assert.equal(over({}), 9.2 * S + 2 * 3_609_375);
  assert.equal(over({ version: 3, advertUs: S / 10 }), 12.2 * S);
});

test('adverts keep their times when one is a little late, and not when one is very late', () => {
  const next = (lateUs: number): number => {
    const node = startNode(configurationOf({}));
    pass(node, 4 * S);
    give(node, { kind: 'wake' }, 4_609_375 + lateUs);
    return instanceOf(node).timerAtUs ?? 0;
  };
  assert.equal(next(400_000), 5_609_375);
  assert.equal(next(600_000), 6_209_375);
});

test('a v3 master that yields uses the interval of the better one', () => {
  const node = startNode(configurationOf({ version: 3 }));
  pass(node, 4 * S);
  give(node, advert({ version: 3, priority: 200, interval: 30 }));
  assert.equal(node.wakeAtUs, 4 * S + 900_000 + 182_812);
});

test('the number of suppressed lines is logged with the next line', () => {
  const node = startNode(configurationOf({}));
  taken(node);
  for (let count = 0; count < 13; count++) give(node, advert({ interval: 7 }), S + count);
  assert.equal(logs(node).length, 10);
  give(node, advert({ interval: 7 }), 12 * S);
  assert.match(logs(node)[0] ?? '', /interval mismatch .* \(3 more like this were not logged\)$/);
});

test('scripts run if their result matters: without a weight in the tracking line, their own counts', () => {
  const script = (name: string, weight: number): TrackScript => ({
    name,
    script: { argv: [name], text: name },
    intervalUs: S,
    weight,
    reverse: false,
    rise: 1,
    fall: 1,
    initFail: false,
  });
  const scripts = [script('heavy', 10), script('plain', 0)];
  const used = (own: Partial<VrrpInstance>, groups: readonly SyncGroup[] = []): string =>
    scriptsInUse({ ...configurationOf(own, second), scripts, syncGroups: groups })
      .map(({ name }) => name)
      .join();
  const tracked = (...lines: readonly { readonly name: string; readonly weight?: number }[]) => ({
    track: { ...NOTHING_TRACKED, scripts: lines },
  });
  const both = tracked({ name: 'heavy' }, { name: 'plain' });
  assert.equal(used({}), '');
  assert.equal(used(both), 'heavy,plain');
  assert.equal(used({ ...both, priority: 255 }), 'plain', 'an owner has no weights');
  assert.equal(used({ ...tracked({ name: 'heavy', weight: 0 }, { name: 'plain', weight: 5 }), priority: 255 }), 'heavy');
  assert.equal(used(both, [group]), 'plain', 'nor has a member of a group');
  assert.equal(used(both, [{ ...group, trackingWeight: true }]), 'heavy,plain');
  assert.equal(used(both, [{ ...group, members: ['VI_2'] }]), 'heavy,plain', 'which is not in it');
  assert.equal(used({}, [{ ...group, ...both }]), 'heavy,plain', 'what the group tracks counts with its weight');
});

test('a unicast node that leaves FAULT announces its own address; a multicast node does not', () => {
  const unicast = { peers: [{ address: ip('10.99.0.2') }], ttl: 255, checkSource: false, faultNoPeer: false, oldChecksum: 'auto' } as const;
  const reported = (own: Partial<VrrpInstance>) => {
    const node = startNode(configurationOf(own));
    give(node, { kind: 'interface', facts: { ...eth0, up: false } });
    taken(node);
    give(node, { kind: 'interface', facts: eth0 });
    return taken(node).flatMap((effect) => (effect.kind === 'announce' ? effect.entries : []));
  };
  assert.deepEqual(reported({ unicast }), [{ interface: 'eth0', address: ip('10.99.0.1') }]);
  assert.deepEqual(reported({}), []);
});

test('stamps are validated by the wall clock as it was set last', () => {
  const authentication = {
    kind: 'hmac',
    keys: [{ id: 1, hex: '0123456789abcdef'.repeat(4) }],
    activeKey: 1,
    antiReplay: 'time',
    timeWindowUs: 10 * S,
    mode: 'enforce',
  } as const;
  const stampOf = (node: VrrpNode): number | undefined => {
    const [sent] = taken(node).flatMap((effect) => (effect.kind === 'send' ? [effect.payload] : []));
    return sent === undefined ? undefined : new DataView(sent.buffer, sent.byteOffset).getUint32(sent.length - 24);
  };
  const node = startNode(configurationOf({ version: 3, authentication }));
  give(node, { kind: 'clock', wallOffsetUs: 1000 * S });
  pass(node, 4 * S);
  assert.equal(stampOf(node), 1003);
  give(node, { kind: 'clock', wallOffsetUs: 5000 * S });
  pass(node, 5 * S);
  assert.equal(stampOf(node), 5004);
});
