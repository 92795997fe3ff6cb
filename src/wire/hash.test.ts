// The hashes and HMAC against the vectors of their RFCs.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hmac, sameBytes } from './hmac.js';
import { md5, md5Add, md5End, md5Start } from './md5.js';
import { sha256 } from './sha256.js';

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

test('MD5: RFC 1321 A.5', () => {
  assert.equal(hex(md5(text(''))), 'd41d8cd98f00b204e9800998ecf8427e');
  assert.equal(hex(md5(text('abc'))), '900150983cd24fb0d6963f7d28e17f72');
  assert.equal(hex(md5(text('message digest'))), 'f96b697d7cb7938d525a2f31aaf161d0');
  assert.equal(hex(md5(text('1234567890'.repeat(8)))), '57edf4a22be3c955ac49da2e2107b67a');
});

test('MD5 in pieces is MD5 of the whole, wherever it is cut', () => {
  const whole = Uint8Array.from({ length: 300 }, (_, index) => index * 7);
  for (let cut = 0; cut <= whole.length; cut++) {
    const pieces = md5Add(md5Add(md5Start, whole.subarray(0, cut)), whole.subarray(cut));
    assert.equal(hex(md5End(pieces)), hex(md5(whole)));
  }
});

test('SHA-256: RFC 6234 8.5', () => {
  assert.equal(hex(sha256(text(''))), 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
  assert.equal(hex(sha256(text('abc'))), 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  const two = 'abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq';
  assert.equal(hex(sha256(text(two))), '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1');
});

test('every length around a block pads right', () => {
  const lengths = Array.from({ length: 10 }, (_, index) => 55 + index).map((length) => hex(sha256(new Uint8Array(length))));
  assert.equal(new Set(lengths).size, 10);
  assert.equal(hex(sha256(new Uint8Array(64))), 'f5a5fd42d16a20302798ef6ed309979b43003d2320d9f0e8ea9831a92759fb4b');
});

test('HMAC-MD5: RFC 2202; HMAC-SHA256: RFC 4231', () => {
  assert.equal(hex(hmac(md5, text('Jefe'), text('what do ya want for nothing?'))), '750c783e6ab0b503eaa86e310a5db738');
  assert.equal(
    hex(hmac(sha256, text('Jefe'), text('what do ya want for nothing?'))),
    '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
  );
  const long = new Uint8Array(131).fill(0xaa);
  assert.equal(
    hex(hmac(sha256, long, text('Test Using Larger Than Block-Size Key - Hash Key First'))),
    '60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54',
  );
});

test('digests compare by content and length', () => {
  assert.equal(sameBytes(Uint8Array.of(1, 2), Uint8Array.of(1, 2)), true);
  assert.equal(sameBytes(Uint8Array.of(1, 2), Uint8Array.of(1, 3)), false);
  assert.equal(sameBytes(Uint8Array.of(1), Uint8Array.of(1, 0)), false);
});
