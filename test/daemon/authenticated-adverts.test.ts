// A sender that knows an authenticated master's MAC, address and priority, but not its key: however much it sends, the master's next advert passes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Abi } from '../../src/daemon/filter/abi.gen.js';
import type { FilterReason } from '../../src/daemon/filter/filter-account.js';
import { AdvertFilter } from '../../src/daemon/vrrp/filters/advert-filter.js';
import type { VrrpInstance } from '../../src/model/keepalived/instance.js';
import type { HostAddress } from '../../src/model/keepalived/network.js';
import { openFds } from '../../src/sys/fd.js';
import { concat, viewOf } from '../../src/wire/bytes.js';
import { vrrpChecksum } from '../../src/wire/vrrp.js';
import { needsBpf } from '../native/support.js';
import { oneInstance } from '../support/keepalived-configuration.js';
import { randomFrom } from '../support/mutate.js';
import { configurationOf } from '../support/vrrp-node.js';
import { frame, kinds, nextAdvert, type Packet, senderFor } from './advert-frames.js';

const FLOOD = 100_000;
/** As many as pass within a flood that the kernel runs in a moment: samples, and budgets of a second. */
const FEW = 300;
const sealed = ['ah', 'unicast ah', 'hmac', 'hmac v2', 'permissive hmac', 'hmac v6'] as const;
const random = randomFrom(1);

class Bench {
  readonly filter: AdvertFilter;
  #instance: VrrpInstance;

  constructor(kind: (typeof sealed)[number]) {
    this.#instance = { ...oneInstance, ...kinds[kind] };
    const skipped = new Uint8Array(Uint32Array.of(this.#instance.family === 'inet' ? 0 : 40).buffer);
    this.filter = new AdvertFilter(64, 'validated', { skipped });
    this.configure({});
  }

  get instance(): VrrpInstance {
    return this.#instance;
  }

  configure(changes: Partial<VrrpInstance>): void {
    this.#instance = { ...this.#instance, ...changes };
    const configuration = configurationOf(this.#instance);
    assert.ok(this.filter.configure({ configuration, targets: [{ instance: this.#instance, ifindex: 0 }] }));
  }

  passes(packet: Packet): boolean {
    return this.filter.judge(frame(packet)).passes;
  }

  /** How many of a flood of one packet were dropped for this reason. */
  flood(packet: Packet, reason: FilterReason): number {
    this.filter.takeCounts();
    this.filter.judge(frame(packet), FLOOD);
    return this.filter.takeCounts()[0]?.counts[reason] ?? 0;
  }
}

/** The next advert of a master with our list. */
function valid(bench: Bench, sender: ReturnType<typeof senderFor>): Packet {
  for (;;) {
    const packet = nextAdvert({ ...sender, instance: bench.instance, number: sender.number++ }, random);
    const ah = packet.protocol === 51;
    const message = ah ? packet.payload.subarray(24) : packet.payload;
    const plain =
      8 + bench.instance.addresses.length * (bench.instance.family === 'inet' ? 4 : 16) + (bench.instance.version === 2 ? 8 : 0);
    if (message[3] === bench.instance.addresses.length && message.length === plain + (ah ? 0 : 28)) return packet;
  }
}

/** An advert with a wrong digest: everything is right but its last byte. */
function forged(packet: Packet): Packet {
  const payload = packet.payload.slice();
  const last = packet.protocol === 51 ? 23 : payload.length - 1;
  payload[last] = (payload[last] ?? 0) ^ 1;
  return { ...packet, payload: packet.source.family === 'inet' ? payload : summed(packet, payload) };
}

/** With the checksum that covers all of these bytes. */
function summed({ source, destination }: Packet, bytes: Uint8Array): Uint8Array {
  const out = bytes.slice();
  viewOf(out).setUint16(6, vrrpChecksum(out, { kind: 'pseudo', source, destination }));
  return out;
}

for (const kind of sealed) {
  test(`${kind}: forgeries and replays cost the master nothing`, needsBpf, () => {
    const bench = new Bench(kind);
    const sender = senderFor(bench.instance);
    assert.ok(bench.passes(valid(bench, sender)));
    assert.ok(bench.flood(forged(valid(bench, sender)), 'digest') > FLOOD - FEW, 'forged');
    const next = valid(bench, sender);
    assert.ok(bench.passes(next), 'the master is heard after forgeries');
    assert.ok(bench.flood(next, 'replay') > FLOOD - FEW, 'replayed');
    assert.ok(bench.passes(valid(bench, sender)), 'the master is heard after replays');
    bench.filter.close();
  });
}

const addresses = (count: number, like: HostAddress): readonly HostAddress[] => Array.from({ length: count }, () => like);

test('digests of every length: what fills a block, and what is one longer', needsBpf, () => {
  for (const kind of ['ah', 'hmac', 'hmac v6'] as const) {
    const bench = new Bench(kind);
    const like = bench.instance.addresses[0] ?? assert.fail();
    const inet = bench.instance.family === 'inet';
    const six: HostAddress = { ...like, address: { family: 'inet6', words: [0xfe800000, 0, 0, 1] } };
    const counts = inet ? [...Array(36).keys(), 100, 200, 255] : [...Array(20).keys(), 65, 200];
    for (const count of counts) {
      bench.configure({ addresses: addresses(count, inet ? like : six) });
      const sender = { ...senderFor(bench.instance), number: 1_000_000 * (count + 1) };
      const packet = valid(bench, sender);
      assert.ok(!bench.passes(forged(packet)) || !bench.passes(forged(packet)), `${kind}: a forged one with ${count} addresses`);
      assert.ok(bench.passes(packet), `${kind}: ${count} addresses`);
    }
    bench.filter.close();
  }
});

test('longer lists than the kernel hashes pass sparingly, and take nothing from the rest', needsBpf, () => {
  const bench = new Bench('hmac');
  const sender = senderFor(bench.instance);
  assert.ok(bench.passes(valid(bench, sender)));
  const packet = valid(bench, sender);
  const message = packet.payload.slice(0, 8);
  message[3] = 255;
  const long = concat(summed(packet, concat(message, new Uint8Array(255 * 4))), packet.payload.subarray(-28));
  viewOf(long).setUint32(long.length - 24, 0x70000000);
  assert.ok(20 + long.length < Abi.DIGEST_BYTES_MAX, 'the desk would have room: it is our own list that sets the bound');
  assert.ok(bench.flood({ ...packet, payload: long }, 'long') > FLOOD - FEW);
  assert.ok(bench.passes(valid(bench, sender)));
  bench.filter.close();
});

test('with another key a sender may count from the beginning', needsBpf, () => {
  const bench = new Bench('ah');
  assert.ok(bench.passes(valid(bench, { ...senderFor(bench.instance), number: 5000 })));
  bench.configure({ authentication: { kind: 'ah', password: '2222' } });
  assert.ok(bench.passes(valid(bench, { ...senderFor(bench.instance), number: 1 })));
  assert.ok(bench.flood(valid(bench, { ...senderFor(bench.instance), number: 1 }), 'replay') > FLOOD - FEW);
  bench.filter.close();
});

test('a filter that is configured with the same again opens nothing more', needsBpf, () => {
  const bench = new Bench('hmac');
  try {
    const before = openFds();
    for (let time = 0; time < 5; time++) bench.configure({});
    assert.deepEqual(openFds(), before);
  } finally {
    bench.filter.close();
  }
});
