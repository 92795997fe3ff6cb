// The internet checksum against RFC examples, and its incremental form against the whole one.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from '../../test/support/properties.js';
import { bytes, half, word } from '../../test/support/wire-generators.js';
import { viewOf } from './bytes.js';
import { fold, internetChecksum, sumWords, updateChecksum, updateChecksum32 } from './checksum.js';

test('the example of RFC 1071 section 3', () => {
  const example = Uint8Array.of(0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7);
  assert.equal(fold(sumWords(example)), 0xddf2);
  assert.equal(internetChecksum(example), 0x220d);
});

test('a real IPv4 header sums to zero', () => {
  const header = Buffer.from('45000073000040004011b861c0a80001c0a800c7', 'hex');
  assert.equal(internetChecksum(header), 0);
});

test('an odd last byte counts as if padded with zero', () => {
  assert.equal(internetChecksum(Uint8Array.of(1, 2, 3)), internetChecksum(Uint8Array.of(1, 2, 3, 0)));
});

test('carries fold however many there are', () => {
  assert.equal(internetChecksum(new Uint8Array(65536).fill(0xff)), 0);
});

/** Both 0x0000 and 0xffff mean zero in one's complement. */
const same = (left: number, right: number) => left === right || (left % 0xffff === 0 && right % 0xffff === 0);

test('updating a checksum equals computing it again', () => {
  fc.assert(
    fc.property(
      bytes().filter((run) => run.length >= 4),
      half,
      (run, value) => {
        const before = internetChecksum(run);
        const old = viewOf(run).getUint16(2);
        viewOf(run).setUint16(2, value);
        assert.ok(same(updateChecksum(before, old, value), internetChecksum(run)));
      },
    ),
  );
});

test('updating for a 32-bit word equals computing it again', () => {
  fc.assert(
    fc.property(
      bytes().filter((run) => run.length >= 4),
      word,
      (run, value) => {
        const before = internetChecksum(run);
        const old = viewOf(run).getUint32(0);
        viewOf(run).setUint32(0, value);
        assert.ok(same(updateChecksum32(before, old, value), internetChecksum(run)));
      },
    ),
  );
});
