// Content switching of IPv6: what that of IPv4 does, by another header and other checksums, with tables of its own. openssl is the judge of its hash.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { familyPin, keyCount, withSwitchMap } from '../../src/datapath/ebpf/switch/switch-maps.js';
import { SwitchSecret } from '../../src/datapath/ebpf/switch.gen.js';
import { explainLive } from '../../src/report/explain/live-probe.js';
import { observedReader } from '../../src/report/observed-reader.js';
import { u32 } from '../../src/sys/bpf/records.js';
import { encodeAddress } from '../../src/wire/address-bytes.js';
import { bytesOfText, concat, viewOf } from '../../src/wire/bytes.js';
import { ip as address } from '../support/ip.js';
import { noTools } from '../support/probes.js';
import { skipReason } from './bed.js';
import { at, endOf, IPV6 } from './fixtures/bed-addresses.js';
import { TC } from './run.js';
import { CLIENT6, CONFIG, FIRST, freshPort, greeted, ONE, request, type SwitchBed, switchBed } from './switch-bed.js';

const skip = skipReason();
const SIX = '[fd00:1::100]:80';
const TLS = '[fd00:1::101]:443';
const [ONE6, TWO6] = IPV6.servers.map((server) => `[${server}]:80`) as [string, string];
const ISN = 77;

const WITH_SIX = `${CONFIG.replace(
  '  pools:',
  `    six: "${SIX}"
    tls: { listen: "${TLS}", tls: { certificates: [{ ssl_certificate: t.pem, ssl_certificate_key: t.key }] } }
  pools:
    one6: { servers: ["${ONE6}"] }
    two6: { servers: ["${TWO6}"] }`,
)}
    - { server_name: [a.example], listen: six, way: switch, locations: [{ location: /, pool: one6 }, { location: /two/, pool: two6 }] }
    - { server_name: [t.example], listen: tls, passthrough: two6, locations: [{ location: /, pool: one6 }] }
`;
const theBed = (): SwitchBed => switchBed(WITH_SIX);

/** MSS 1300, SACK permitted, scale 9. */
const offered = (mss: number, scale: number): Uint8Array => Uint8Array.of(2, 4, mss >> 8, mss & 255, 1, 1, 4, 2, 1, 3, 3, scale);

interface Begun {
  readonly from: string;
  /** That acknowledges the promised number. */
  readonly acknowledgement: number;
}

function handshake(bed: SwitchBed): Begun {
  const { from, cookie } = greeted(bed, SIX);
  return { from, acknowledgement: (cookie + 1) >>> 0 };
}
const first = (bed: SwitchBed, { from, acknowledgement }: Begun, payload: Uint8Array) =>
  bed.fromClient(from, SIX, 'PA', { sequence: 5001, acknowledgement, window: 100, payload });

test('a connection begins, is bound and ends, with the numbers of its client and of its server', { skip }, () => {
  const bed = theBed();
  const payload = request('a.example', `/${'long'.repeat(200)}`);
  const counts = bed.counted(() => {
    const begun = handshake(bed);
    const { from, acknowledgement } = begun;
    assert.equal(bed.fromClient(from, SIX, 'A', { sequence: 5001, acknowledgement }).code, TC.shot);
    const asked = first(bed, begun, payload);
    assert.deepEqual([asked.code, asked.from, asked.to, asked.segment.flags], [TC.redirect, from, ONE6, 0x02]);
    assert.deepEqual([asked.segment.sequence, asked.segment.window], [5000, 100 << 9]);
    assert.deepEqual(asked.segment.options, offered(1220, 9));
    const bound = bed.fromServer(ONE6, from, 'SA', { sequence: ISN, acknowledgement: 5001, options: offered(1440, 5) });
    assert.deepEqual([bound.code, bound.from, bound.to], [TC.unspec, from, SIX]);
    assert.deepEqual([bound.segment.sequence, bound.segment.acknowledgement], [5001, ISN + 1]);
    assert.deepEqual(bound.segment.payload, payload);
    const end = 5001 + payload.length;
    const back = bed.fromServer(ONE6, from, 'PA', { sequence: ISN + 1, acknowledgement: end, window: 512, payload: bytesOfText('answer') });
    assert.deepEqual([back.code, back.segment.sequence, back.segment.window], [TC.unspec, acknowledgement, 512 >> 2]);
    // Blocks of SACK have the promised numbers, too.
    const block = new Uint8Array(12);
    block.set([1, 1, 5, 10]);
    viewOf(block).setUint32(4, acknowledgement + 20);
    viewOf(block).setUint32(8, acknowledgement + 30);
    const acked = bed.fromClient(from, SIX, 'FA', { sequence: end, acknowledgement: (acknowledgement + 6) >>> 0, options: block });
    assert.deepEqual([acked.code, acked.segment.acknowledgement], [TC.unspec, ISN + 7]);
    assert.deepEqual(
      [4, 8].map((k) => viewOf(acked.segment.options).getUint32(k)),
      [ISN + 21, ISN + 31],
    );
    const last = bed.fromServer(ONE6, from, 'FA', { sequence: ISN + 7, acknowledgement: end + 1 });
    assert.equal(last.segment.sequence, (acknowledgement + 6) >>> 0);
  });
  assert.deepEqual(counts, { SWITCHED_SYN: 1, SWITCHED_BARE: 1, SWITCHED_ASKED: 1, SWITCHED_BOUND: 1, flows: 1 });
});

test('a SYN is answered with what fits IPv6, and a client that names no size gets the smallest one', { skip }, () => {
  const bed = theBed();
  const from = `[${CLIENT6}]:${freshPort()}`;
  const { code, segment, to } = bed.fromClient(from, SIX, 'S', { sequence: 5000, options: offered(1440, 9) });
  assert.deepEqual([code, to, segment.acknowledgement], [TC.redirect, from, 5001]);
  assert.deepEqual(segment.options, offered(1440, 7));
  const asked = first(bed, { from, acknowledgement: (segment.sequence + 1) >>> 0 }, request());
  assert.deepEqual(asked.segment.options, offered(1440, 9));
  const bare = greeted(bed, SIX, new Uint8Array(0));
  const small = first(bed, { from: bare.from, acknowledgement: (bare.cookie + 1) >>> 0 }, request());
  assert.deepEqual([...small.segment.options.subarray(0, 4)], [2, 4, 1220 >> 8, 1220 & 255]);
});

test('the cookie is SipHash-2-4 of six words', { skip: skip || noTools('openssl') }, () => {
  const bed = theBed();
  const secret = new Uint8Array(SwitchSecret.bytes);
  withSwitchMap(bed.folder, 'switch_secrets', (map) => assert.ok(map.lookup(u32(0), secret)));
  const { port, cookie } = greeted(bed, SIX);
  const words = new Uint8Array(48);
  words.set(concat(encodeAddress(address(CLIENT6)), encodeAddress(address(endOf(SIX).address))));
  const view = viewOf(words);
  view.setUint16(32, port);
  view.setUint16(34, endOf(SIX).port);
  const options = cookie & 0x7f;
  view.setUint32(44, options, true);
  const now = Number(process.hrtime.bigint() >> 36n);
  const epoch = (now & 1) === ((cookie >>> 7) & 1) ? now : now - 1;
  view.setUint32(40, epoch, true);
  const key = Buffer.from(secret).subarray(0, 16).toString('hex');
  const mac = execFileSync('openssl', ['mac', '-macopt', 'size:8', '-macopt', `hexkey:${key}`, '-binary', 'SIPHASH'], { input: words });
  assert.equal(cookie & 0xff00, viewOf(new Uint8Array(mac)).getUint32(4, true) & 0xff00);
});

test('what is forged, damaged or odd begins and ends nothing', { skip }, () => {
  const bed = theBed();
  const counts = bed.counted(() => {
    const begun = handshake(bed);
    const { from, acknowledgement } = begun;
    const segment = { sequence: 5001, acknowledgement, payload: request() };
    assert.equal(bed.damagedFromClient(from, SIX, 'PA', segment), TC.shot);
    assert.equal(bed.fromClient(`[${CLIENT6}]:${freshPort()}`, SIX, 'PA', segment).code, TC.ok); // another client's cookie
    assert.equal(first(bed, begun, request()).code, TC.redirect);
    assert.equal(bed.damagedFromServer(ONE6, from, 'SA', { sequence: ISN, acknowledgement: 5001 }), TC.shot);
    const reset = bed.fromServer(ONE6, from, 'RA', { sequence: 0, acknowledgement: 5001 });
    assert.deepEqual([reset.code, reset.segment.sequence], [TC.unspec, acknowledgement]);
    const fragment = { next: 44, headers: Uint8Array.of(6, 0, 0, 1, 0, 0, 0, 7) };
    assert.equal(bed.fromClient6(from, SIX, 'PA', segment, { extensions: fragment }), TC.shot);
    const options = { next: 60, headers: Uint8Array.of(6, 0, 1, 4, 0, 0, 0, 0) };
    assert.equal(bed.fromClient6(from, SIX, 'S', { sequence: 1 }, { extensions: options }), TC.ok);
    for (const martian of ['[::1]:7', '[ff02::1]:7', '[::ffff:10.0.1.10]:7', SIX])
      assert.equal(bed.fromClient(martian, SIX, 'S', { sequence: 1 }).code, TC.shot, martian);
    assert.equal(bed.fromClient('[fe80::fe]:7', SIX, 'S', { sequence: 1 }).code, TC.unspec); // the host's, as the director has it
  });
  const { SWITCHED_BAD_COOKIE: none = 0, SWITCHED_OVERTOOK: overtook = 0, ...others } = counts;
  assert.equal(none + overtook, 1);
  assert.deepEqual(others, {
    SWITCHED_SYN: 1,
    SWITCHED_ASKED: 1,
    SWITCHED_BAD_CHECKSUM: 2,
    SWITCHED_REFUSED: 1,
    SWITCHED_ODD: 1,
    SWITCHED_PASSED: 1,
    flows: 1,
  });
});

test('a first request goes where its explanation has it, in both families', { skip }, () => {
  const bed = theBed();
  const end = (text: string) => at(endOf(text).address, endOf(text).port);
  for (const [to, host, path, server] of [
    [SIX, 'a.example', '/', ONE6],
    [SIX, 'A.Example:80', '/two/x', TWO6],
    [SIX, 'b.example', '/', undefined],
    [SIX, 'a.example', '/%41', undefined],
    [TLS, 't.example', '', TWO6],
    [FIRST, 'a.example', '/', `${ONE}:80`],
  ] as const) {
    const { from, cookie } = greeted(bed, to);
    const reader = observedReader();
    const asked = { protocol: 'tcp', from: end(from), to: end(to), device: 'front', mark: 0, ttl: 64, request: { host, path } } as const;
    const { verdict, becomes } = explainLive(reader, asked);
    reader.close();
    assert.deepEqual([verdict, becomes?.to], server === undefined ? ['proxied', undefined] : ['forwarded', server], `${to} ${host}${path}`);
    if (to === TLS) continue; // a ClientHello: switch-text.test.ts has them
    const segment = { sequence: 5001, acknowledgement: (cookie + 1) >>> 0, payload: request(host, path) };
    assert.equal(bed.fromClient(from, to, 'PA', segment).to, server ?? to, `${to} ${host}${path}`);
  }
});

test('flows end with their connections', { skip }, async () => {
  const bed = theBed();
  first(bed, handshake(bed), request());
  const memory = bed.bed.sideTable('conns6') ?? assert.fail('no connections of IPv6');
  assert.ok(keyCount(bed.folder, familyPin('inet6', 'flows')) > 0);
  new Uint8Array(memory).fill(0);
  while (keyCount(bed.folder, familyPin('inet6', 'flows')) > 0) await setTimeout(100);
  assert.equal(keyCount(bed.folder, familyPin('inet6', 'backs')), 0);
});
