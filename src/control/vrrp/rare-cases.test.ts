// Rules of the machine that no other test covered: mutations of its source text found them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ip } from '../../../test/support/ip.js';
import { emptyGlobal } from '../../../test/support/keepalived-configuration.js';
import {
  advert,
  configurationOf,
  eth0,
  eth1,
  give,
  instanceOf,
  logs,
  onTheWire,
  pass,
  S,
  startNode,
  taken,
  type VrrpNode,
} from '../../../test/support/vrrp-node.js';
import type { VrrpInstance } from '../../model/keepalived/instance.js';
import type { HostRoute, HostRule } from '../../model/keepalived/network.js';
import { NOTHING_TRACKED } from '../../model/keepalived/trackers.js';

const sent = (node: VrrpNode) => taken(node).flatMap((effect) => (effect.kind === 'send' ? [effect] : []));

const master = (own: Partial<VrrpInstance> = {}): VrrpNode => {
  const node = startNode(configurationOf(own));
  pass(node, 5 * S);
  assert.equal(instanceOf(node).state, 'master');
  return node;
};

const hmac = {
  kind: 'hmac',
  keys: [{ id: 1, hex: '0123456789abcdef'.repeat(4) }],
  activeKey: 1,
  antiReplay: 'time',
  timeWindowUs: 10 * S,
} as const;
const WALL_OFFSET_US = 1_800_000_000 * S;

test('auth_hmac: a node in mode receive-only sends plain adverts', () => {
  const bytes = (mode: 'enforce' | 'receive-only') => sent(master({ version: 3, authentication: { ...hmac, mode } }))[0]?.payload.length;
  assert.equal(bytes('receive-only'), 12);
  assert.equal(bytes('enforce'), 40);
});

test('auth_hmac: a stamp outside of time_window is refused, by the own clock; monotonic needs no clock', () => {
  const receives = (antiReplay: 'time' | 'monotonic', offUs: number): number => {
    const configuration = configurationOf({ version: 3, priority: 200, authentication: { ...hmac, antiReplay, mode: 'enforce' } });
    const sender = startNode(configuration, [{ ...eth0, addresses: [ip('10.99.0.2')] }, eth1]);
    give(sender, {
      kind: 'configure',
      configuration,
      interfaces: [{ ...eth0, addresses: [ip('10.99.0.2')] }, eth1],
      wallOffsetUs: WALL_OFFSET_US + offUs,
    });
    pass(sender, 4 * S);
    const low = startNode(configurationOf({ version: 3, authentication: { ...hmac, antiReplay, mode: 'enforce' } }));
    give(low, {
      kind: 'configure',
      configuration: low.state.configuration ?? configuration,
      interfaces: [eth0, eth1],
      wallOffsetUs: WALL_OFFSET_US,
    });
    low.atUs = 3.5 * S;
    const [packet] = sent(sender);
    assert.ok(packet !== undefined);
    give(low, { kind: 'packet', packet: onTheWire(packet) });
    return instanceOf(low).counters.advertsReceived;
  };
  assert.deepEqual([receives('time', 0), receives('time', 8 * S), receives('time', 12 * S), receives('time', -12 * S)], [1, 1, 0, 0]);
  assert.equal(receives('monotonic', 12 * S), 1);
});

test('a reload from multicast to unicast makes another instance of it', () => {
  const node = master();
  taken(node);
  const unicast = { peers: [{ address: ip('10.99.0.2') }], ttl: 255, checkSource: false, faultNoPeer: false, oldChecksum: 'auto' } as const;
  give(node, { kind: 'configure', configuration: configurationOf({ unicast }), interfaces: [eth0, eth1] });
  assert.equal(instanceOf(node).state, 'backup');
  assert.equal(sent(node)[0]?.payload[2], 0);
});

test('a reload that changes the multicast group makes another instance of it', () => {
  const node = master();
  give(node, { kind: 'configure', configuration: configurationOf({ multicastGroup: ip('224.0.0.19') }), interfaces: [eth0, eth1] });
  assert.equal(instanceOf(node).state, 'backup');
});

test('a master uses its own interval, whatever it followed before', () => {
  const node = startNode(configurationOf({ version: 3 }));
  give(node, advert({ version: 3, priority: 200, interval: 30 }), S);
  assert.equal(instanceOf(node).advertUs, 0.3 * S);
  pass(node, 4 * S);
  assert.deepEqual([instanceOf(node).state, instanceOf(node).advertUs], ['master', S]);
});

test('adverts that arrive on the macvlan are received', () => {
  const node = startNode(configurationOf({ virtualInterface: { kind: 'vmac', name: 'vrrp.51' } }));
  give(node, advert({ priority: 200 }, { interface: 'vrrp.51' }), S);
  assert.equal(instanceOf(node).counters.advertsReceived, 1);
});

test('vrrp_startup_delay logs the remaining time, whenever the host was booted', () => {
  const configuration = { ...configurationOf({}), global: { ...emptyGlobal, startupDelayUs: 3 * S } };
  const empty = startNode({ ...configurationOf(), global: emptyGlobal });
  const node: VrrpNode = { ...empty, state: { ...empty.state, configuration: undefined }, effects: [], atUs: 1000 * S };
  give(node, { kind: 'configure', configuration, interfaces: [eth0] });
  assert.equal(logs(node)[0], 'Delaying startup for 3 seconds');
});

test('track_src_ip: the address must exist in the family of the instance', () => {
  const own = { trackSourceAddress: true, sourceAddress: ip('10.99.0.1') };
  assert.equal(instanceOf(startNode(configurationOf(own))).state, 'backup');
  assert.equal(instanceOf(startNode(configurationOf({ ...own, sourceAddress: ip('10.99.0.7') }))).state, 'fault');
});

test('routes and rules that a reload removes or adds', () => {
  const plain = { nextHops: [], onlink: false, metrics: [], insert: 'prepend', noTrack: false } as const;
  const route: HostRoute = { ...plain, family: 'inet', type: 'unicast', to: { address: ip('10.9.0.0'), length: 24 }, dev: 'eth0' };
  const rule: HostRule = {
    family: 'inet',
    not: false,
    preference: 100,
    action: { kind: 'table', table: 7 },
    l3mdev: false,
    noTrack: false,
  };
  const [bare, rich] = [configurationOf({}), configurationOf({ routes: [route], rules: [rule] })];
  const node = master();
  const changes = (configuration: typeof bare) => {
    taken(node);
    give(node, { kind: 'configure', configuration, interfaces: [eth0, eth1] });
    return taken(node).flatMap((effect) =>
      effect.kind === 'routes' || effect.kind === 'rules' ? [`${effect.action} ${effect.kind}`] : [],
    );
  };
  assert.deepEqual(changes(rich).toSorted(), ['add routes', 'add rules']);
  assert.deepEqual(changes(rich), []);
  assert.deepEqual(changes(bare).toSorted(), ['remove routes', 'remove rules']);
});

test('arguments of notify scripts: none for the script of a state, four for the generic one', () => {
  const script = (name: string) => ({ argv: [name], text: name });
  const notify = { master: script('/m'), all: script('/n'), priorityChanges: false, smtpAlert: false };
  const reported = taken(master({ notify })).find((effect) => effect.kind === 'notify' && effect.event === 'MASTER');
  assert.ok(reported?.kind === 'notify');
  assert.deepEqual(
    reported.scripts.map(({ script: { text }, withArguments }) => [text, withArguments]),
    [
      ['/m', false],
      ['/n', true],
    ],
  );
});

test('no_email_faults suppresses mails of FAULT, and no others', () => {
  const mails = (noEmailFaults: boolean): readonly (readonly [string, boolean])[] => {
    const configuration = configurationOf({ notify: { priorityChanges: false, smtpAlert: true } });
    const node = startNode({ ...configuration, global: { ...emptyGlobal, noEmailFaults } });
    give(node, { kind: 'interfaceGone', name: 'eth0' });
    return taken(node).flatMap((effect) => (effect.kind === 'notify' ? [[effect.event, effect.smtp] as const] : []));
  };
  assert.deepEqual(mails(false), [
    ['BACKUP', true],
    ['FAULT', true],
  ]);
  assert.deepEqual(mails(true), [
    ['BACKUP', true],
    ['FAULT', false],
  ]);
});

test('an instance that a reload removes is mailed, as DELETED with notify_deleted', () => {
  const mailed = (deleted: boolean) => {
    const notify = { priorityChanges: false, smtpAlert: true, ...(deleted ? { deleted: {} } : {}) };
    const node = master({ notify });
    taken(node);
    give(node, { kind: 'configure', configuration: configurationOf(), interfaces: [eth0, eth1] });
    return taken(node).flatMap((effect) => (effect.kind === 'notify' ? [[effect.event, effect.smtp] as const] : []));
  };
  assert.deepEqual(mailed(true), [['DELETED', true]]);
  assert.deepEqual(mailed(false), [['FAULT', true]]);
});

test('nothing is logged about interfaces that no instance uses', () => {
  const node = startNode(configurationOf({}));
  taken(node);
  give(node, { kind: 'interface', facts: { ...eth1, name: 'eth7', index: 9 } });
  give(node, { kind: 'interfaceGone', name: 'eth8' });
  assert.deepEqual(logs(node), []);
});

test('an owner that received another owner’s advert stays at 254 when weights change', () => {
  const track = { interfaces: [{ name: 'eth1', weight: 10 }], scripts: [], files: [], processes: [], bfds: [] };
  const node = master({ priority: 255, track });
  give(node, advert({ priority: 255 }));
  give(node, { kind: 'interfaceGone', name: 'eth1' });
  assert.deepEqual([instanceOf(node).basePriority, instanceOf(node).priority], [254, 254]);
});

test('fast mode: a backup takes over fast after priority 0 of a master that sent fast', () => {
  const node = startNode(configurationOf({ fast: { intervalUs: 10_000, missed: 3 } }));
  for (let count = 0; count < 8; count++) give(node, advert({ priority: 200 }), S + count * 10_000);
  give(node, advert({ priority: 0 }));
  assert.ok((node.wakeAtUs ?? 0) - node.atUs < 10_000);
  const slow = startNode(configurationOf({ fast: { intervalUs: 10_000, missed: 3 } }));
  give(slow, advert({ priority: 200 }), S);
  give(slow, advert({ priority: 0 }));
  assert.equal((slow.wakeAtUs ?? 0) - slow.atUs, (156 / 256) * S);
});

test('a reload that changes nothing keeps the time of the next refresh', () => {
  const own = { garp: { ...master().state.instances[0]!.config.garp, masterRefreshUs: 10 * S } };
  const node = master(own);
  const due = instanceOf(node).refreshAtUs;
  assert.ok(due !== undefined);
  give(node, { kind: 'configure', configuration: configurationOf(own), interfaces: [eth0, eth1] });
  assert.equal(instanceOf(node).refreshAtUs, due);
});

test('a group has the state of its members', () => {
  const notify = { priorityChanges: false, smtpAlert: false };
  const group = { name: 'G', members: ['VI_1', 'VI_2'], track: NOTHING_TRACKED, trackingWeight: false, notify };
  const second = { name: 'VI_2', vrid: 52, interface: 'eth1', addresses: [] };
  const node = startNode({ ...configurationOf({}, second), syncGroups: [group] });
  const states = () => [...node.state.groups, ...node.state.instances].map(({ state }) => state);
  assert.deepEqual(states(), ['backup', 'backup', 'backup']);
  pass(node, 5 * S);
  assert.deepEqual(states(), ['master', 'master', 'master']);
  give(node, { kind: 'interfaceGone', name: 'eth1' });
  assert.deepEqual(states(), ['fault', 'fault', 'fault']);
});

test('the identification of packets counts from 1 and is never 0', () => {
  const node = master();
  pass(node, 6 * S);
  assert.deepEqual(
    sent(node).map(({ id }) => id),
    [1, 2, 3],
  );
  const last = { ...node, state: { ...node.state, instances: node.state.instances.map((one) => ({ ...one, packetId: 0xffff })) } };
  pass(last, 7 * S);
  assert.deepEqual(
    sent(last).map(({ id }) => id),
    [1],
  );
});

test('an instance in FAULT ignores adverts: they are not counted, not refused, not learned from', () => {
  const node = startNode(configurationOf({}));
  give(node, { kind: 'interface', facts: { ...eth0, up: false } });
  logs(node);
  give(node, advert({ priority: 200 }));
  give(node, advert({ priority: 200, interval: 7 }));
  assert.deepEqual([instanceOf(node).counters.advertsReceived, instanceOf(node).counters.intervalErrors], [0, 0]);
  assert.deepEqual(logs(node), []);
});

test('a macvlan that is gone is a FAULT of its own instance only', () => {
  const vmac = { virtualInterface: { kind: 'vmac' as const } };
  const node = startNode(configurationOf(vmac, { ...vmac, name: 'VI_2', vrid: 52 }));
  for (const name of ['vrrp.51', 'vrrp.52']) give(node, { kind: 'interface', facts: { ...eth0, name, index: 20, addresses: [] } });
  give(node, { kind: 'interfaceGone', name: 'vrrp.51' });
  assert.deepEqual([instanceOf(node).state, instanceOf(node, 'VI_2').state], ['fault', 'backup']);
});

test('an instance keeps its source address while the interface has it, even if another one comes first', () => {
  const node = startNode(configurationOf({}));
  const addresses = (...texts: readonly string[]) => give(node, { kind: 'interface', facts: { ...eth0, addresses: texts.map(ip) } });
  addresses('10.99.0.9', '10.99.0.1');
  assert.deepEqual(instanceOf(node).source, ip('10.99.0.1'));
  addresses('10.99.0.9', '10.99.0.7');
  assert.deepEqual(instanceOf(node).source, ip('10.99.0.9'));
});

test('unicast instances of one VRID on one interface: each receives from its own peers, or what is sent to its own address', () => {
  const to = (peer: string) =>
    ({ peers: [{ address: ip(peer) }], ttl: 255, checkSource: false, faultNoPeer: false, oldChecksum: 'auto' }) as const;
  const receives = (...configs: readonly Partial<VrrpInstance>[]) => {
    const node = startNode(configurationOf(...configs), [{ ...eth0, addresses: [...eth0.addresses, ip('10.99.0.9')] }, eth1]);
    give(node, advert({ priority: 200 }, { source: '10.99.0.3', destination: '10.99.0.9' }), S);
    return node.state.instances.map(({ counters }) => counters.advertsReceived);
  };
  assert.deepEqual(receives({ unicast: to('10.99.0.2') }, { name: 'VI_2', unicast: to('10.99.0.3') }), [0, 1]);
  const [one, nine] = [ip('10.99.0.1'), ip('10.99.0.9')];
  assert.deepEqual(
    receives({ unicast: to('10.99.0.3'), sourceAddress: one }, { name: 'VI_2', unicast: to('10.99.0.3'), sourceAddress: nine }),
    [0, 1],
  );
  assert.deepEqual(
    receives({ unicast: to('10.99.0.2') }, { name: 'VI_2', unicast: to('10.99.0.4') }),
    [1, 0],
    'without a peer, the first instance receives',
  );
});

test('a reload keeps unicast instances of one VRID apart by their names', () => {
  const to = (peer: string) =>
    ({ peers: [{ address: ip(peer) }], ttl: 255, checkSource: false, faultNoPeer: false, oldChecksum: 'auto' }) as const;
  const [a, b] = [
    { unicast: to('10.99.0.2') },
    { name: 'VI_2', unicast: to('10.99.0.3'), addresses: [{ address: ip('10.99.0.101'), prefixLength: 32, flags: [], noTrack: false }] },
  ];
  const node = startNode(configurationOf(a, b));
  pass(node, 5 * S);
  give(node, advert({ priority: 200, addresses: [ip('10.99.0.101')] }, { source: '10.99.0.3', destination: '10.99.0.1' }));
  const states = () => node.state.instances.map(({ config, state }) => `${config.name} ${state}`);
  assert.deepEqual(states(), ['VI_1 master', 'VI_2 backup']);
  taken(node);
  give(node, { kind: 'configure', configuration: configurationOf(b, a), interfaces: [eth0, eth1] });
  assert.deepEqual(states(), ['VI_2 backup', 'VI_1 master']);
  assert.deepEqual(taken(node), []);
});

test('a machine that was stopped ignores all input', () => {
  const node = master();
  give(node, { kind: 'stop' });
  taken(node);
  give(node, { kind: 'interface', facts: { ...eth0, up: false } });
  give(node, { kind: 'interface', facts: eth0 });
  give(node, advert({ priority: 1 }));
  assert.deepEqual(taken(node), []);
  assert.equal(node.wakeAtUs, undefined);
});
