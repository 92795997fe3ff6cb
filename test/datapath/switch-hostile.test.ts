// Content switching among hostile packets: what is forged ends nothing and begins nothing, what is odd is dropped or the host's, and each has its counter.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytesOfText } from '../../src/wire/bytes.js';
import { skipReason } from './bed.js';
import { TC } from './run.js';
import { CLIENT, FIRST, freshPort, greeted, ONE, request, type SwitchBed, switchBed, TWO } from './switch-bed.js';

const skip = skipReason();
const ISN = 77;

interface Begun {
  readonly from: string;
  readonly promised: number;
}

/** A first segment that was sent to a server as a SYN. */
function asked(bed: SwitchBed, host = 'a.example', path = '/'): Begun {
  const { from, cookie } = greeted(bed, FIRST);
  const { code, segment } = first(bed, { from, promised: cookie }, request(host, path));
  assert.deepEqual([code, segment.flags], [TC.redirect, 0x02]);
  return { from, promised: cookie };
}

const first = (bed: SwitchBed, { from, promised }: Begun, payload: Uint8Array, sequence = 5001) =>
  bed.fromClient(from, FIRST, 'PA', { sequence, acknowledgement: (promised + 1) >>> 0, payload });

const answered = (bed: SwitchBed, { from }: Begun, acknowledgement = 5001) =>
  bed.fromServer(`${ONE}:80`, from, 'SA', { sequence: ISN, acknowledgement });

test('a forged SYN or reset ends no connection that begins', { skip }, () => {
  const bed = switchBed();
  const begun = asked(bed);
  const counts = bed.counted(() => {
    assert.equal(bed.fromClient(begun.from, FIRST, 'S', { sequence: 9 }).code, TC.redirect);
    for (const sequence of [5000, 5001 + request().length + 1, 0x7fffffff])
      assert.equal(bed.fromClient(begun.from, FIRST, 'R', { sequence }).code, TC.shot);
    // Nor does a server's reset or acknowledgement of another connection.
    for (const [letters, acknowledgement] of [
      ['RA', 5002],
      ['R', 0],
      ['SA', 5002],
    ] as const)
      assert.equal(bed.fromServer(`${ONE}:80`, begun.from, letters, { sequence: 1, acknowledgement }).code, TC.shot);
  });
  assert.deepEqual(counts, { SWITCHED_SYN: 1, SWITCHED_UNFIT: 6 });
  assert.deepEqual(answered(bed, begun).segment.payload, request());
  // Its client's own one does.
  const other = asked(bed);
  const ended = bed.counted(() => bed.fromClient(other.from, FIRST, 'R', { sequence: 5001 + request().length }));
  assert.deepEqual(ended, { flows: -1 });
});

test('a connection that ends goes on beside a SYN, until the first segment of another one', { skip }, () => {
  const bed = switchBed();
  const begun = asked(bed);
  answered(bed, begun);
  const at = 5001 + request().length;
  const own = { sequence: at, acknowledgement: (begun.promised + 1) >>> 0 };
  assert.equal(bed.fromClient(begun.from, FIRST, 'FA', own).code, TC.unspec);
  const { segment } = bed.fromClient(begun.from, FIRST, 'S', { sequence: 40_000 });
  // What the server has to send still goes to its client, who acknowledges it; and the first segment may be repeated.
  const back = bed.fromServer(`${ONE}:80`, begun.from, 'PA', { sequence: ISN + 1, acknowledgement: at, payload: bytesOfText('last') });
  assert.deepEqual([back.code, back.segment.sequence], [TC.unspec, (begun.promised + 1) >>> 0]);
  const ack = bed.fromClient(begun.from, FIRST, 'A', { sequence: at + 1, acknowledgement: (begun.promised + 5) >>> 0 });
  assert.deepEqual([ack.code, ack.segment.acknowledgement], [TC.unspec, ISN + 5]);
  const again = first(bed, begun, request());
  assert.deepEqual([again.code, again.segment.acknowledgement], [TC.unspec, ISN + 1]);
  const counts = bed.counted(() => {
    const acknowledgement = (segment.sequence + 1) >>> 0;
    assert.equal(bed.fromClient(begun.from, FIRST, 'A', { sequence: 40_001, acknowledgement }).code, TC.shot);
    const next = bed.fromClient(begun.from, FIRST, 'PA', { sequence: 40_001, acknowledgement, payload: request('a.example', '/two/') });
    assert.deepEqual([next.code, next.to, next.segment.flags], [TC.redirect, `${TWO}:80`, 0x02]);
  });
  assert.deepEqual(counts, { SWITCHED_BARE: 1, SWITCHED_ASKED: 1 });
});

test('a segment that seems to overtake for ever is of a lost connection, and the host resets it', { skip }, () => {
  const bed = switchBed();
  const { from, cookie } = greeted(bed, FIRST);
  const codes = (sequence: number): readonly number[] =>
    Array.from({ length: 5 }, () => first(bed, { from, promised: cookie }, bytesOfText('more'), sequence).code);
  assert.deepEqual(codes(5100), [TC.shot, TC.shot, TC.shot, TC.ok, TC.ok]);
  assert.deepEqual(codes(5200), [TC.shot, TC.shot, TC.shot, TC.ok, TC.ok]);
  // The first one begins it all the same.
  assert.equal(first(bed, { from, promised: cookie }, request()).code, TC.redirect);
});

test('a SYN from an address that no client has is not answered', { skip }, () => {
  const bed = switchBed();
  const counts = bed.counted(() => {
    for (const from of ['127.0.0.1:7', '0.0.0.0:7', '224.0.0.1:7', FIRST])
      assert.equal(bed.fromClient(from, FIRST, 'S', { sequence: 1 }).code, TC.shot, from);
  });
  assert.deepEqual(counts, {});
});

test("packets with options of IP are the host's, fragments and broken headers are dropped", { skip }, () => {
  const bed = switchBed();
  const from = `${CLIENT}:${freshPort()}`;
  const sent = (letters: string, part: Parameters<SwitchBed['fromClient']>[4]): number =>
    bed.fromClient(from, FIRST, letters, { sequence: 1 }, part).code;
  const counts = bed.counted(() => {
    assert.equal(sent('S', { options: Uint8Array.of(1, 1, 1, 1) }), TC.ok);
    assert.equal(sent('S', { flags: 1 }), TC.shot);
    assert.equal(sent('SA', {}), TC.ok);
    assert.equal(sent('', {}), TC.ok);
    assert.equal(sent('SFRPAU', {}), TC.ok);
  });
  assert.deepEqual(counts, { SWITCHED_PASSED: 1, SWITCHED_ODD: 1, SWITCHED_BAD_COOKIE: 3 });
});

test("heads that are split, without an end, or too long are the proxy's, and where none listens the host resets them", { skip }, () => {
  const bed = switchBed();
  const hostile = [
    'G',
    'GET / HTTP/1.1\r\nHost: a.exam',
    `GET /${'a'.repeat(1450)}`,
    `GET / HTTP/1.1\r\n${'X: y\r\n'.repeat(240)}Host: a.example\r\n\r\n`,
    'GET / HTTP/1.1\nHost: a.example\n\n',
    'GET / HTTP/1.1\r\nHost: a.example\0\r\n\r\n',
    '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
    '\0'.repeat(1460),
  ];
  const counts = bed.counted(() => {
    for (const text of hostile) {
      const { from, cookie } = greeted(bed, FIRST);
      assert.equal(first(bed, { from, promised: cookie }, bytesOfText(text)).code, TC.ok, text.slice(0, 40));
    }
  });
  const { length } = hostile;
  assert.deepEqual(counts, { SWITCHED_SYN: length, SWITCHED_NO_PROXY: length });
});
