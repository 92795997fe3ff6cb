// The heartbeats' socket filter without a network: what it drops the process would not have believed, and the other way round.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FilterReason } from '../../src/daemon/filter/filter-account.js';
import { HeartbeatFilter } from '../../src/daemon/vrrp/filters/heartbeat-filter.js';
import { HeartbeatKeys } from '../../src/daemon/vrrp/filters/heartbeat-keys.js';
import type { Address } from '../../src/model/address.js';
import type { Authentication, VrrpInstance } from '../../src/model/keepalived/instance.js';
import { concat, viewOf } from '../../src/wire/bytes.js';
import { needsBpf } from '../native/support.js';
import { ip } from '../support/ip.js';
import { oneInstance } from '../support/keepalived-configuration.js';
import { mutate, randomFrom } from '../support/mutate.js';
import { udpFrame } from '../support/udp-frame.js';

const ROUNDS = 500;
const FLOOD = 100_000;
const FEW = 300;
/** lo, on which programs are tried */
const LO = 1;
const PORT = 8849;
const keyIds = (...ids: readonly number[]): Authentication => ({
  kind: 'hmac',
  keys: ids.map((id) => ({ id, hex: `0${id}`.repeat(32) })),
  activeKey: ids[0] ?? 0,
  antiReplay: 'time',
  timeWindowUs: 1e6,
  mode: 'enforce',
});

const kinds: Readonly<Record<string, Authentication>> = {
  open: { kind: 'none' },
  password: { kind: 'pass', password: 'secret' },
  'three keys': keyIds(2, 1, 3),
};

interface Tried {
  readonly instance: VrrpInstance;
  readonly peer: Address;
  readonly filter: HeartbeatFilter;
  readonly ours: HeartbeatKeys;
}

function tryOut(authentication: Authentication, peer: Address, samples = false): Tried {
  const instance = { ...oneInstance, advertUs: 10_000, authentication, heartbeat: [{ interface: 'lo', peer }] };
  const ours = new HeartbeatKeys();
  const skipped = new Uint8Array(Uint32Array.of(peer.family === 'inet' ? 20 : 40).buffer);
  const filter = new HeartbeatFilter(64, samples ? { skipped } : { skipped, samples: Uint8Array.of(0) });
  assert.ok(filter.configure({ instances: [instance], sender: ours.sender, placesOf: () => [LO] }));
  return { instance, peer, filter, ours };
}

function frame(source: Address, payload: Uint8Array, ttl = 255): Uint8Array {
  const udp = new Uint8Array(8);
  [PORT, PORT, 8 + payload.length, 0].forEach((value, index) => viewOf(udp).setUint16(index * 2, value));
  return udpFrame(source, source, ttl, concat(udp, payload));
}

for (const [kind, authentication] of Object.entries(kinds)) {
  for (const peer of [ip('10.99.0.2'), ip('fe80::2')]) {
    test(`${kind}, ${peer.family}: the filter and the process agree`, needsBpf, () => {
      const { instance, filter, ours } = tryOut(authentication, peer);
      const theirs = new HeartbeatKeys();
      const random = randomFrom(kind.length);
      let dropped = 0;
      for (let round = 0; round < ROUNDS; round++) {
        const right = theirs.encode(instance, 'master', random(256)) ?? assert.fail();
        const bytes = round % 3 === 0 ? right : mutate(right, random);
        const stranger = random(10) === 0;
        const ttl = random(10) === 0 ? 254 : 255;
        const source = stranger ? ip(peer.family === 'inet' ? '10.99.0.3' : 'fe80::3') : peer;
        const believed = !stranger && ttl === 255 && ours.decode(bytes, source, [instance]) !== undefined;
        const { passes } = filter.judge(frame(source, bytes, ttl));
        assert.equal(passes, believed, `round ${round}: ${Buffer.from(bytes).toString('hex')}`);
        dropped += passes ? 0 : 1;
      }
      assert.ok(dropped > ROUNDS / 4 && dropped < (ROUNDS * 3) / 4, String(dropped));
      filter.close();
    });
  }
}

test('floods of forgeries, replays, strangers and our own: the peer is received', needsBpf, () => {
  const { instance, peer, filter, ours } = tryOut(keyIds(1, 2), peer4, true);
  const theirs = new HeartbeatKeys();
  const next = (): Uint8Array => theirs.encode(instance, 'master', 100) ?? assert.fail();
  const dropped = (bytes: Uint8Array, reason: FilterReason): number => {
    filter.takeCounts();
    filter.judge(frame(peer, bytes), FLOOD);
    return filter.takeCounts().find(({ instance: name }) => name !== undefined)?.counts[reason] ?? 0;
  };
  const hears = (): boolean => filter.judge(frame(peer, next())).passes;
  assert.ok(hears());
  assert.ok(
    dropped(
      next().map((byte, index) => (index === 35 ? byte ^ 1 : byte)),
      'digest',
    ) >
      FLOOD - FEW,
  );
  assert.ok(hears());
  assert.ok(
    dropped(ours.encode(instance, 'master', 255) ?? assert.fail(), 'replay') > FLOOD - FEW,
    'our own, with the address of the peer',
  );
  const again = next();
  assert.ok(filter.judge(frame(peer, again)).passes);
  assert.ok(dropped(again, 'replay') > FLOOD - FEW);
  assert.ok(
    dropped(new HeartbeatKeys().encode({ ...instance, authentication: { kind: 'none' } }, 'master', 1) ?? assert.fail(), 'auth') >
      FLOOD - FEW,
  );
  assert.ok(hears());
  filter.close();
});

const peer4 = ip('10.99.0.2');
