import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ip } from '../../../../test/support/ip.js';
import {
  configurationOf,
  eth0,
  give,
  instanceOf,
  logs,
  onTheWire,
  pass,
  S,
  startNode,
  taken,
  type VrrpNode,
} from '../../../../test/support/vrrp-node.js';
import type { VrrpInstance } from '../../../model/keepalived/instance.js';
import { viewOf } from '../../../wire/bytes.js';
import type { ReceivedPacket } from '../messages.js';

const WINDOW_S = 10;
const WALL_US = 1_800_000_000 * S;

const hmac = (antiReplay: 'time' | 'monotonic' = 'time') =>
  ({
    kind: 'hmac',
    keys: [{ id: 1, hex: '5a'.repeat(32) }],
    activeKey: 1,
    antiReplay,
    timeWindowUs: WINDOW_S * S,
    mode: 'enforce',
  }) as const;

/** A node of 10.99.0.HOST whose clock shows WALL_US and `offS` seconds more at its 0. */
function node(host: number, offS: number, own: Partial<VrrpInstance> = {}): VrrpNode {
  const configuration = configurationOf({ version: 3, authentication: hmac(), ...own });
  const interfaces = [{ ...eth0, addresses: [ip(`10.99.0.${host}`)] }];
  const made = startNode(configuration, interfaces);
  give(made, { kind: 'configure', configuration, interfaces, wallOffsetUs: WALL_US + offS * S });
  return made;
}

const setClock = (of: VrrpNode, offS: number): void => give(of, { kind: 'clock', wallOffsetUs: WALL_US + offS * S });

/** What a master sends until then. */
function sentUntil(master: VrrpNode, untilUs: number): readonly ReceivedPacket[] {
  taken(master);
  pass(master, untilUs);
  return taken(master).flatMap((effect) => (effect.kind === 'send' ? [onTheWire(effect)] : []));
}

/** Gives the packet to the backup; true: it was accepted. */
function accepts(backup: VrrpNode, packet: ReceivedPacket | undefined): boolean {
  assert.ok(packet !== undefined);
  const before = instanceOf(backup).counters.advertsReceived;
  give(backup, { kind: 'packet', packet });
  return instanceOf(backup).counters.advertsReceived > before;
}

const high = { priority: 200 };

test('a replay is refused, after a reload as well', () => {
  const [master, backup] = [node(2, 0, high), node(1, 0)];
  const [first] = sentUntil(master, 4 * S);
  pass(backup, 3.5 * S);
  assert.ok(accepts(backup, first));
  assert.ok(!accepts(backup, first));
  const { configuration } = backup.state;
  assert.ok(configuration !== undefined);
  const changed = { ...configuration, instances: configuration.instances.map((one) => ({ ...one, priority: 90 })) };
  give(backup, { kind: 'configure', configuration: changed, interfaces: [eth0], wallOffsetUs: WALL_US });
  assert.equal(instanceOf(backup).basePriority, 90);
  assert.ok(!accepts(backup, first));
  assert.equal(instanceOf(backup).counters.hmacReplays, 2);
});

test('past half of the window it is accepted with a warning, past the window refused', () => {
  const receives = (offS: number): readonly [boolean, number, number] => {
    const [master, backup] = [node(2, offS, high), node(1, 0)];
    const [first] = sentUntil(master, 4 * S);
    pass(backup, 3.5 * S);
    const accepted = accepts(backup, first);
    const { clockSkews, hmacStale } = instanceOf(backup).counters;
    return [accepted, clockSkews, hmacStale];
  };
  assert.deepEqual(receives(0), [true, 0, 0]);
  assert.deepEqual(receives(-WINDOW_S / 2), [true, 0, 0]);
  assert.deepEqual(receives(-WINDOW_S / 2 - 2), [true, 1, 0]);
  assert.deepEqual(receives(WINDOW_S / 2 + 2), [true, 1, 0]);
  assert.deepEqual(receives(-WINDOW_S - 2), [false, 0, 1]);
  assert.deepEqual(receives(WINDOW_S + 2), [false, 0, 1]);
});

test('in 2106 the seconds begin at 0 again, and the master is accepted before and after', () => {
  const lastS = 2 ** 32 - WALL_US / S - 5;
  const [master, backup] = [node(2, lastS, high), node(1, lastS)];
  const adverts = sentUntil(master, 8 * S);
  const seconds = adverts.map(({ bytes }) => viewOf(bytes.subarray(-24)).getUint32(0));
  assert.deepEqual(seconds, [2 ** 32 - 2, 2 ** 32 - 1, 0, 1, 2]);
  for (const [index, one] of adverts.entries()) {
    pass(backup, (3.5 + index) * S);
    assert.ok(accepts(backup, one), `${seconds[index]}`);
  }
  assert.equal(instanceOf(backup).counters.clockSkews, 0);
});

test('all clocks set back: the master starts again with its own clock, and is accepted', () => {
  const [master, backup] = [node(2, 100, high), node(1, 100)];
  const [first] = sentUntil(master, 4 * S);
  pass(backup, 3.5 * S);
  assert.ok(accepts(backup, first));
  setClock(master, 0);
  const [second] = sentUntil(master, 5 * S);
  setClock(backup, 0);
  assert.ok(accepts(backup, second));
});

test('anti_replay monotonic keeps increasing when the clock is set back, and needs no clock', () => {
  const own = { authentication: hmac('monotonic') };
  const [master, backup] = [node(2, 100, { ...high, ...own }), node(1, 5000, own)];
  const [first] = sentUntil(master, 4 * S);
  pass(backup, 3.5 * S);
  assert.ok(accepts(backup, first));
  setClock(master, 0);
  const [second] = sentUntil(master, 5 * S);
  assert.ok(accepts(backup, second));
  assert.ok(!accepts(backup, first));
});

test('unicast: only the trailer of a peer is validated, and all peers get the same one', () => {
  const unicast = (...peers: readonly number[]) => ({
    unicast: {
      peers: peers.map((host) => ({ address: ip(`10.99.0.${host}`) })),
      ttl: 255,
      checkSource: false,
      faultNoPeer: false,
      oldChecksum: 'auto',
    } as const,
  });
  const master = node(2, 0, { ...high, ...unicast(1, 3) });
  const [one, two] = sentUntil(master, 3.5 * S);
  assert.deepEqual(one?.bytes.slice(-28), two?.bytes.slice(-28));
  const [peer, stranger] = [node(1, 0, unicast(2)), node(1, 0, unicast(4))];
  for (const backup of [peer, stranger]) pass(backup, 3.5 * S);
  assert.ok(accepts(peer, one));
  taken(stranger);
  assert.ok(!accepts(stranger, one));
  assert.deepEqual(logs(stranger), ['(VI_1) unicast source address 10.99.0.2 not a unicast peer']);
});
