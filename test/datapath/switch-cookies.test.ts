// Content switching before a server is chosen: the number that a SYN is answered with stands for all that is known, what does not fit it is refused, and
// what it promised is kept. openssl is the judge of its hash.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { withSwitchMap } from '../../src/datapath/ebpf/switch/switch-maps.js';
import { SwitchSecret } from '../../src/datapath/ebpf/switch.gen.js';
import { u32 } from '../../src/sys/bpf/records.js';
import { bytesOfText, concat, swap16, viewOf } from '../../src/wire/bytes.js';
import { noTools } from '../support/probes.js';
import { skipReason } from './bed.js';
import { TC } from './run.js';
import { CLIENT, FIRST, freshPort, greeted, OFFER, ONE, request, SECOND, type SwitchBed, switchBed, TWO } from './switch-bed.js';

const skip = skipReason() || noTools('openssl');

const EPOCH_SHIFT = 36n;
const epochNow = (): number => Number(process.hrtime.bigint() >> EPOCH_SHIFT);
const OF_NUMBER = 0xffff0000;
const OF_ENDS = 0x0000ff00;
const EPOCH_BIT = 0x80;

/** MSS 1220 (3 steps are known), SACK, scale 9. */
const OFFER_BITS = 1 | (9 << 2) | 0x40;

/** MSS, NOP NOP SACK permitted, NOP scale. */
const offered = (mss: number, scale: number): Uint8Array => Uint8Array.of(2, 4, mss >> 8, mss & 255, 1, 1, 4, 2, 1, 3, 3, scale);

/** The upper half of SipHash-2-4 of three words. */
function hashed(key: Uint8Array, words: readonly bigint[]): number {
  const input = new Uint8Array(8 * words.length);
  words.forEach((word, i) => {
    viewOf(input).setBigUint64(8 * i, word, true);
  });
  const hex = Buffer.from(key).toString('hex');
  const out = execFileSync('openssl', ['mac', '-macopt', 'size:8', '-macopt', `hexkey:${hex}`, '-binary', 'SIPHASH'], { input });
  return viewOf(new Uint8Array(out)).getUint32(4, true);
}

const addressWord = (text: string): bigint => BigInt(viewOf(Uint8Array.from(text.split('.').map(Number))).getUint32(0, true));

/** The number that is promised to this client. */
function cookie(bed: SwitchBed, port: number, to: string, isn: number, epoch: number, options: number): number {
  const secret = new Uint8Array(SwitchSecret.bytes);
  withSwitchMap(bed.folder, 'switch_secrets', (map) => assert.ok(map.lookup(u32(0), secret)));
  const key = secret.subarray(0, 16);
  const [vip = '', vport] = to.split(':');
  const ends = addressWord(CLIENT) | (addressWord(vip) << 32n);
  const ports = BigInt(swap16(port)) | (BigInt(swap16(Number(vport))) << 16n);
  const when = BigInt(epoch) | (BigInt(options) << 32n);
  const ofEnds = hashed(key, [ends, ports, when]);
  const ofNumber = hashed(concat(key.subarray(8), key.subarray(0, 8)), [ends, ports | (BigInt(isn) << 32n), when]);
  return ((ofNumber & OF_NUMBER) | (ofEnds & OF_ENDS) | (epoch & 1 ? EPOCH_BIT : 0) | options) >>> 0;
}

/** Does it in one epoch; where that ends meanwhile, once more. */
function inOneEpoch(work: (epoch: number) => void): void {
  for (;;) {
    const epoch = epochNow();
    try {
      work(epoch);
      return;
    } catch (error) {
      if (epochNow() === epoch) throw error;
    }
  }
}

test('a SYN is answered, nothing is kept, and the answer is what openssl computes', { skip }, () => {
  const bed = switchBed();
  const counts = bed.counted(() => {
    inOneEpoch((epoch) => {
      const [port, isn] = [freshPort(), 0xfffffff0];
      const from = `${CLIENT}:${port}`;
      const { code, from: by, to, segment } = bed.fromClient(from, FIRST, 'S', { sequence: isn, options: OFFER });
      assert.deepEqual([code, by, to, segment.flags], [TC.redirect, FIRST, from, 0x12]);
      assert.equal(segment.acknowledgement, isn + 1);
      // No more than one segment is asked for; no timestamps, whatever the client offers.
      assert.equal(segment.window, 1460);
      assert.deepEqual(segment.options, offered(1460, 7));
      assert.equal(segment.sequence, cookie(bed, port, FIRST, isn, epoch, OFFER_BITS));
    });
    const bare = bed.fromClient(`${CLIENT}:${freshPort()}`, FIRST, 'S', { sequence: 1 });
    assert.deepEqual(bare.segment.options, Uint8Array.of(2, 4, 1460 >> 8, 1460 & 255, 1, 1, 1, 1, 1, 1, 1, 1));
    const { from, cookie: isn } = greeted(bed, FIRST);
    assert.equal(bed.fromClient(from, FIRST, 'A', { sequence: 5001, acknowledgement: isn + 1 }).code, TC.shot);
  });
  assert.deepEqual({ ...counts, SWITCHED_SYN: 3 }, { SWITCHED_SYN: 3, SWITCHED_BARE: 1 });
});

test('a forged or old number begins nothing; that of this epoch and of the one before does', { skip }, () => {
  const bed = switchBed();
  const { from, port, cookie: isn } = greeted(bed, FIRST);
  const tried = (number: number): number =>
    bed.fromClient(from, FIRST, 'PA', { sequence: 5001, acknowledgement: (number + 1) >>> 0, payload: request() }).code;
  const flipped = bed.counted(() => {
    for (let bit = 0; bit < 32; bit++) tried((isn ^ (1 << bit)) >>> 0);
  });
  assert.equal((flipped.SWITCHED_BAD_COOKIE ?? 0) + (flipped.SWITCHED_OVERTOOK ?? 0), 32);
  assert.equal(flipped.flows, undefined);
  // One of another client, and of another listener.
  const foreign = bed.counted(() => {
    const acknowledgement = (isn + 1) >>> 0;
    bed.fromClient(`${CLIENT}:${freshPort()}`, FIRST, 'PA', { sequence: 5001, acknowledgement, payload: request() });
    bed.fromClient(from, SECOND, 'PA', { sequence: 5001, acknowledgement, payload: request() });
  });
  assert.equal((foreign.SWITCHED_BAD_COOKIE ?? 0) + (foreign.SWITCHED_OVERTOOK ?? 0), 2);
  assert.equal(foreign.flows, undefined);
  inOneEpoch((epoch) => {
    const old = bed.counted(() => {
      for (const age of [2, 3, -1, -2]) tried(cookie(bed, port, FIRST, 5000, epoch - age, OFFER_BITS));
    });
    assert.equal(old.flows, undefined);
    const valid = bed.counted(() => {
      assert.equal(tried(cookie(bed, port, FIRST, 5000, epoch - 1, OFFER_BITS)), TC.redirect);
    });
    assert.equal(valid.flows, 1);
  });
});

test('a segment that overtakes the first one is dropped, and the first one goes on with what was agreed on', { skip }, () => {
  const bed = switchBed();
  const { from, cookie: isn } = greeted(bed, FIRST);
  const [head, tail] = [request().subarray(0, 60), bytesOfText('later')];
  const acknowledgement = (isn + 1) >>> 0;
  const later = { sequence: 5001 + head.length, acknowledgement, payload: tail };
  const overtakes = (): unknown => bed.counted(() => assert.equal(bed.fromClient(from, FIRST, 'PA', later).code, TC.shot));
  assert.deepEqual(overtakes(), { SWITCHED_OVERTOOK: 1 });
  const asked = bed.fromClient(from, FIRST, 'PA', { sequence: 5001, acknowledgement, window: 100, payload: head });
  assert.deepEqual([asked.code, asked.from, asked.to, asked.segment.flags], [TC.redirect, from, `${ONE}:80`, 0x02]);
  assert.deepEqual([asked.segment.sequence, asked.segment.window], [5000, 100 << 9]);
  assert.deepEqual(asked.segment.options, offered(1220, 9));
  // While its server has not answered, too.
  assert.deepEqual(overtakes(), { SWITCHED_OVERTOOK: 1 });
  const bound = bed.fromServer(`${ONE}:80`, from, 'SA', { sequence: 77, acknowledgement: 5001, options: offered(1460, 5) });
  assert.deepEqual([bound.code, bound.from, bound.to], [TC.unspec, from, FIRST]);
  assert.deepEqual([bound.segment.sequence, bound.segment.acknowledgement], [5001, 78]);
  assert.deepEqual(bound.segment.payload, head);
  // From here on it is TCP's own: the later one has its server's numbers.
  const plain = bed.fromClient(from, FIRST, 'PA', later);
  assert.deepEqual([plain.code, plain.segment.acknowledgement], [TC.unspec, 78]);
  const back = bed.fromServer(`${ONE}:80`, from, 'PA', { sequence: 78, acknowledgement: 5006, window: 512, payload: tail });
  // The server scales by 5, and its client was promised 7.
  assert.deepEqual([back.segment.sequence, back.segment.window], [acknowledgement, 512 >> 2]);
});

test('two listeners decide by rules of their own, and one server of both takes no client port twice', { skip }, () => {
  const bed = switchBed();
  const asks = (to: string, from: string, isn: number, host: string, path = '/'): string =>
    bed.fromClient(from, to, 'PA', { sequence: 5001, acknowledgement: (isn + 1) >>> 0, payload: request(host, path) }).to;
  for (const [listener, host, path, server] of [
    [FIRST, 'a.example', '/', ONE],
    [FIRST, 'a.example', '/two/x', TWO],
    [SECOND, 'a.example', '/', TWO],
    [SECOND, 'a.example', '/two/x', TWO],
    [SECOND, 'b.example', '/', ONE],
  ] as const) {
    const { from, cookie: isn } = greeted(bed, listener);
    assert.equal(asks(listener, from, isn, host, path), `${server}:80`, `${listener} ${host}${path}`);
  }
  const { from, cookie: isn } = greeted(bed, FIRST);
  assert.equal(asks(FIRST, from, isn, 'b.example'), FIRST); // no rule of this listener: the proxy's
  assert.equal(asks(FIRST, from, isn, 'a.example', '/two/'), `${TWO}:80`);
  const shared = bed.counted(() => {
    const { segment } = bed.fromClient(from, SECOND, 'S', { sequence: 5000, options: OFFER.subarray(0, 16) });
    assert.equal(asks(SECOND, from, segment.sequence, 'a.example'), SECOND);
  });
  assert.equal(shared.SWITCHED_SHARED, 1);
});
