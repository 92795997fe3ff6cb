// Each validation: what is refused, with which text and counter, and its effect on timers.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ip } from '../../../../test/support/ip.js';
import fc from '../../../../test/support/properties.js';
import {
  type AdvertFrom,
  advert,
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
import { encodeIpv4, IPV4_DEFAULTS } from '../../../wire/ipv4.js';
import type { VrrpAdvert } from '../../../wire/vrrp.js';
import { passwordBytes } from '../../../wire/vrrp-auth.js';
import type { Effect } from '../messages.js';
import type { Counters } from '../state/counters.js';

const unicast: NonNullable<VrrpInstance['unicast']> = {
  peers: [{ address: ip('10.99.0.2') }],
  ttl: 255,
  checkSource: false,
  faultNoPeer: false,
  oldChecksum: 'auto',
};
const pass1111 = { kind: 'pass', password: '1111' } as const;
const toUs: AdvertFrom = { destination: '10.99.0.1' };

function backup(changes: Partial<VrrpInstance> = {}): VrrpNode {
  const node = startNode(configurationOf(changes));
  taken(node);
  return node;
}

interface Case {
  readonly name: string;
  readonly own?: Partial<VrrpInstance>;
  readonly sent?: Partial<VrrpAdvert>;
  readonly from?: AdvertFrom;
  readonly text: string;
  readonly counter: keyof Counters;
}

const refusals: readonly Case[] = [
  {
    name: 'no AH',
    own: { authentication: { kind: 'ah', password: '1' } },
    text: 'No AH header but auth type is AH',
    counter: 'authMismatches',
  },
  { name: 'TTL', from: { ttl: 254 }, text: 'invalid TTL/HL. Received 254 and expect 255', counter: 'ttlErrors' },
  {
    name: 'TTL range',
    own: { unicast: { ...unicast, peers: [{ address: ip('10.99.0.2'), minTtl: 10, maxTtl: 20 }] } },
    from: toUs,
    text: 'TTL/HL 255 not in range 10 - 20',
    counter: 'ttlErrors',
  },
  { name: 'version', own: { version: 3 }, text: 'wrong version. Received 2 and expect 3', counter: 'versionErrors' },
  { name: 'auth type', sent: { authType: 1 }, text: 'received a 1 auth, expecting 0!', counter: 'authMismatches' },
  { name: 'no such auth type', sent: { authType: 7 }, text: 'received a 7 auth, expecting 0!', counter: 'authTypeErrors' },
  {
    name: 'password',
    own: { authentication: pass1111 },
    sent: { authType: 1, authData: passwordBytes('2222') },
    text: 'received an invalid passwd!',
    counter: 'authFailures',
  },
  { name: 'interval', own: { advertUs: 2 * S }, text: "advertisement interval mismatch mine=2 sec rcv'd=1 sec", counter: 'intervalErrors' },
  {
    name: 'count, before 2.3.3',
    own: { addressMismatch: 'drop', addresses: [] },
    text: 'received an unexpected ip number count 1, expected 0!',
    counter: 'addressListErrors',
  },
  {
    name: 'list, before 2.3.3',
    own: { addressMismatch: 'drop' },
    sent: { addresses: [ip('10.99.0.200')] },
    text: 'ip address associated with VRID 51 not present in MASTER advert',
    counter: 'addressListErrors',
  },
  {
    name: 'checksum',
    own: { version: 3 },
    sent: { version: 3 },
    from: { checksum: { kind: 'plain' } },
    text: 'Invalid VRRPv3 checksum',
    counter: 'checksumErrors',
  },
  { name: 'unicast here', own: { unicast }, text: 'Expected unicast packet but received multicast packet', counter: 'castErrors' },
  { name: 'multicast here', from: toUs, text: 'Expected multicast packet but received unicast packet', counter: 'castErrors' },
  {
    name: 'not a peer',
    own: { unicast: { ...unicast, checkSource: true } },
    from: { ...toUs, source: '10.99.0.3' },
    text: 'unicast source address 10.99.0.3 not a unicast peer',
    counter: 'notPeerErrors',
  },
];

for (const { name, own, sent, from, text, counter } of refusals) {
  test(`refused: ${name}`, () => {
    const node = backup(own);
    const due = node.wakeAtUs;
    give(node, advert({ priority: 200, ...sent }, from), S);
    const [output, ...more] = logs(node);
    assert.ok(output?.startsWith(`(VI_1) ${text}`), output);
    assert.deepEqual(more, []);
    assert.equal(instanceOf(node).counters[counter], 1);
    assert.equal(instanceOf(node).counters.advertsReceived, 0);
    assert.equal(node.wakeAtUs, due, 'the timer keeps running');
  });
}

test('lengths: too long, too short, cut by the kernel; Ethernet padding does not count', () => {
  const node = backup();
  const input = advert();
  assert.ok(input.kind === 'packet');
  const { packet } = input;
  const rewrap = (payload: Uint8Array) =>
    encodeIpv4({ ...IPV4_DEFAULTS, ttl: 255, protocol: 112, source: packet.source, destination: packet.destination, payload });
  const vrrp = packet.bytes.slice(20);
  for (const payload of [vrrp.subarray(0, 16), new Uint8Array([...vrrp, 0, 0])]) {
    give(node, { kind: 'packet', packet: { ...packet, bytes: rewrap(payload) } });
  }
  give(node, { kind: 'packet', packet: { ...packet, bytes: packet.bytes.subarray(0, 38) } });
  assert.deepEqual(logs(node), [
    '(VI_1) vrrp packet too short, length 16 and expect 20 (from 10.99.0.2)',
    '(VI_1) vrrp packet too long, length 22 and expect 20 (from 10.99.0.2)',
    '(VI_1) vrrp packet too short, length 18 and expect 20 (from 10.99.0.2)',
  ]);
  give(node, { kind: 'packet', packet: { ...packet, bytes: new Uint8Array([...packet.bytes, 0, 0, 0]) } });
  assert.equal(instanceOf(node).counters.advertsReceived, 1);
  give(node, { kind: 'packet', packet: { ...packet, bytes: packet.bytes.subarray(0, 24) } });
  assert.deepEqual(logs(node), ['vrrp packet too short on eth0 from 10.99.0.2']);
});

test('another list of addresses is counted and logged, and the advert accepted', () => {
  const node = backup();
  give(node, advert({ priority: 200, addresses: [ip('10.99.0.200')] }), S);
  assert.deepEqual(logs(node), [
    '(VI_1) ip address associated with VRID 51 not present in MASTER advert: 10.99.0.100 (from 10.99.0.2, which has 10.99.0.200)',
  ]);
  assert.equal(node.wakeAtUs, 4_609_375);
  assert.equal(instanceOf(node).counters.addressListErrors, 1);
  assert.equal(instanceOf(node).counters.advertsReceived, 1);
  const trusting = backup({ skipCheckAdvertAddresses: true });
  for (const at of [1, 2]) give(trusting, advert({ priority: 200, addresses: [ip('10.99.0.200')] }), at * S);
  assert.equal(instanceOf(trusting).counters.addressListErrors, 1, 'the known master is not validated again');
  give(trusting, advert({ priority: 200, addresses: [ip('10.99.0.200')] }, { source: '10.99.0.3' }), 2.5 * S);
  assert.equal(instanceOf(trusting).counters.addressListErrors, 2, 'another one is');
});

test('checksums of v3: old peers are recognised and get the same kind', () => {
  const old = { kind: 'old', source: ip('10.99.0.2'), destination: ip('10.99.0.1') } as const;
  const node = backup({ version: 3, unicast });
  give(node, advert({ version: 3, priority: 50 }, { ...toUs, checksum: old }), S);
  assert.deepEqual(logs(node), [
    '(VI_1) Setting unicast VRRPv3 checksum to old version',
    '(VI_1) received lower priority (50) advert from 10.99.0.2 - discarding',
  ]);
  assert.equal(instanceOf(node).oldChecksum, true);
  give(node, advert({ version: 3, priority: 200 }, toUs), 2 * S);
  assert.equal(instanceOf(node).oldChecksum, false);
  const never = backup({ version: 3, unicast: { ...unicast, oldChecksum: 'never' } });
  give(never, advert({ version: 3 }, { ...toUs, checksum: old }), S);
  assert.equal(instanceOf(never).counters.checksumErrors, 1);
  const plain = backup({ version: 3, v3ChecksumAsV2: true });
  give(plain, advert({ version: 3 }, { checksum: { kind: 'plain' } }), S);
  give(plain, advert({ version: 3 }), 2 * S);
  assert.equal(instanceOf(plain).counters.advertsReceived, 2, 'those without the option are understood');
  const strict = backup({ version: 3 });
  give(strict, advert({ version: 3 }, { checksum: { kind: 'plain' } }), S);
  assert.deepEqual(logs(strict), [
    '(VI_1) Invalid VRRPv3 checksum (from 10.99.0.2, which sums without a pseudo-header: see v3_checksum_as_v2)',
  ]);
});

test('v3: a backup uses its master’s interval and returns to its own', () => {
  const node = backup({ version: 3, advertUs: 2 * S });
  give(node, advert({ version: 3, interval: 50, priority: 150 }), S);
  assert.deepEqual(logs(node), ['(VI_1) advertisement interval updated from 2000ms to 500ms by master']);
  assert.equal(node.wakeAtUs, S + 1_500_000 + 304_687);
  pass(node, 3 * S);
  assert.ok(logs(node).includes('(VI_1) changing advert interval from 500ms to locally configured 2000ms'));
});

function sends(node: VrrpNode): readonly Extract<Effect, { kind: 'send' }>[] {
  return taken(node).flatMap((effect) => (effect.kind === 'send' ? [effect] : []));
}

test('AH: each accepts what the other sends, once', () => {
  const authentication = { kind: 'ah', password: '1111' } as const;
  const [a, b] = [startNode(configurationOf({ authentication })), backup({ authentication, sourceAddress: ip('10.99.0.2') })];
  pass(a, 4 * S);
  const [first] = sends(a);
  assert.ok(first);
  assert.equal(first.protocol, 51);
  give(b, { kind: 'packet', packet: onTheWire(first) });
  assert.equal(instanceOf(b).counters.advertsReceived, 1);
  assert.equal(instanceOf(b).sequence, 1);
  give(b, { kind: 'packet', packet: onTheWire(first) });
  assert.ok(logs(b)[0]?.startsWith('(VI_1) IPSEC-AH : sequence number 1 already processed. Packet dropped. Local(1)'));
  const other = backup({ authentication: { kind: 'ah', password: '2222' } });
  give(other, { kind: 'packet', packet: onTheWire(first) });
  assert.ok(logs(other)[0]?.startsWith('(VI_1) IPSEC-AH : invalid IPSEC HMAC-MD5 value. Due to fields mutation or bad password !'));
  const none = backup();
  give(none, { kind: 'packet', packet: onTheWire(first) });
  assert.ok(logs(none)[0]?.startsWith('(VI_1) Received AH header but auth type not AH'));
});

test('auth_hmac: key, sender and freshness', () => {
  const hmac = (activeKey: number, mode: 'enforce' | 'permissive'): VrrpInstance['authentication'] => ({
    kind: 'hmac',
    keys: [
      { id: 1, hex: '11'.repeat(32) },
      { id: 2, hex: '22'.repeat(32) },
    ],
    activeKey,
    antiReplay: 'monotonic',
    timeWindowUs: 5 * S,
    mode,
  });
  const a = startNode(configurationOf({ version: 3, authentication: hmac(2, 'enforce') }));
  pass(a, 4 * S);
  const [packet] = sends(a).map(onTheWire);
  assert.ok(packet);
  const b = backup({ version: 3, authentication: hmac(1, 'enforce') });
  give(b, { kind: 'packet', packet });
  assert.equal(instanceOf(b).counters.advertsReceived, 1, 'any of our keys will do');
  give(b, { kind: 'packet', packet });
  give(b, advert({ version: 3 }));
  const stranger = { ...packet, bytes: packet.bytes.slice() };
  stranger.bytes[22] = (stranger.bytes[22] ?? 0) ^ 1;
  give(b, { kind: 'packet', packet: stranger });
  const unknown = { ...packet, bytes: packet.bytes.slice() };
  unknown.bytes[33] = 9;
  give(b, { kind: 'packet', packet: unknown });
  const malformed = { ...packet, bytes: packet.bytes.slice() };
  malformed.bytes[34] = 1;
  give(b, { kind: 'packet', packet: malformed });
  assert.deepEqual(logs(b), [
    '(VI_1) replayed authentication trailer from 10.99.0.1',
    '(VI_1) missing authentication trailer from 10.99.0.2',
    '(VI_1) invalid authentication HMAC from 10.99.0.1: its key or the packet differs',
    '(VI_1) unknown authentication key id 9 from 10.99.0.1',
    '(VI_1) malformed authentication trailer from 10.99.0.1',
  ]);
  assert.equal(instanceOf(b).counters.advertsReceived, 1);
  const permissive = backup({ version: 3, authentication: hmac(1, 'permissive') });
  give(permissive, advert({ version: 3 }));
  assert.equal(instanceOf(permissive).counters.advertsReceived, 1, 'none at all is accepted');
  give(permissive, { kind: 'packet', packet: stranger });
  assert.equal(instanceOf(permissive).counters.hmacInvalid, 1, 'a wrong one is not');
  const plain = backup({ version: 3 });
  give(plain, { kind: 'packet', packet });
  assert.match(logs(plain)[0] ?? '', /vrrp packet too long, length 40 and expect 12 .*auth_hmac, which is not configured here/);
  const two = startNode(configurationOf({ version: 3 }), [{ ...eth0, addresses: [ip('10.99.0.2')] }]);
  pass(two, 4 * S);
  taken(two);
  for (let count = 0; count < 3; count++) give(two, { kind: 'packet', packet });
  assert.ok(logs(two).some((text) => /SPLIT BRAIN: 10\.99\.0\.1 is MASTER .*: the other signs its adverts/.test(text)));
});

test('a flood of bad packets does not fill the log, and the number of suppressed lines is logged', () => {
  const node = backup();
  for (let index = 0; index < 1000; index++) give(node, advert({}, { ttl: 1 }), 1000 * index);
  assert.equal(logs(node).length, 10);
  assert.equal(instanceOf(node).counters.ttlErrors, 1000);
  give(node, advert({}, { ttl: 1 }), 11 * S);
  assert.deepEqual(logs(node), ['(VI_1) invalid TTL/HL. Received 1 and expect 255 (from 10.99.0.2) (990 more like this were not logged)']);
});

test('unknown VRIDs are logged only if configured', () => {
  const quiet = backup();
  give(quiet, advert({ vrid: 77 }));
  assert.deepEqual(logs(quiet), []);
  const configuration = configurationOf({});
  const node = startNode({ ...configuration, global: { ...configuration.global, logUnknownVrids: true } });
  logs(node);
  give(node, advert({ vrid: 77 }));
  give(node, advert({}, { interface: 'eth1' }));
  assert.deepEqual(logs(node), [
    'Unknown VRID(77) received on interface(eth0). ignoring...',
    'Unknown VRID(51) received on interface(eth1). ignoring...',
  ]);
});

test('two instances of one VRID: the destination decides which one receives a packet', () => {
  const other = ip('224.0.0.99');
  const node = startNode(configurationOf({}, { name: 'VI_G', multicastGroup: other }, { name: 'VI_U', unicast }));
  give(node, advert());
  give(node, advert({}, { destination: '224.0.0.99' }));
  give(node, advert({}, toUs));
  assert.deepEqual(
    node.state.instances.map(({ counters }) => counters.advertsReceived),
    [1, 1, 1],
  );
});

test('no malformed packet throws or leaves the machine without a timer', () => {
  const node = backup({ version: 3, authentication: { kind: 'none' } });
  const sample = advert({ version: 3 });
  assert.ok(sample.kind === 'packet');
  const { packet } = sample;
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), fc.nat(packet.bytes.length * 8 - 1), fc.boolean(), (garbage, bit, ah) => {
      const flipped = packet.bytes.slice();
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      const protocol = ah ? 51 : 112;
      for (const bytes of [garbage, flipped]) give(node, { kind: 'packet', packet: { ...packet, protocol, bytes } });
      assert.notEqual(node.wakeAtUs, undefined);
    }),
  );
});
