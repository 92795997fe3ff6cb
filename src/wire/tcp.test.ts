// TCP segments there and back, and their checksum over both families.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from '../../test/support/properties.js';
import { tcpChecksumIsRight } from '../../test/support/transport-checksum.js';
import { byte, bytes, half, ipv4, ipv6, options, staysInside, survivesGarbage, word } from '../../test/support/wire-generators.js';
import { decodeTcp, encodeTcp, TCP_DEFAULTS, TcpFlag } from './tcp.js';

const segment = fc.record(
  {
    sourcePort: half,
    destinationPort: half,
    sequence: word,
    acknowledgement: word,
    flags: byte,
    window: half,
    urgentPointer: half,
    options,
    payload: bytes(),
    checksum: half,
  },
  { noNullPrototype: true },
);
const pair = fc.oneof(fc.tuple(ipv4, ipv4), fc.tuple(ipv6, ipv6));

test('segments survive the round trip', () => {
  fc.assert(fc.property(segment, pair, (value, [from, to]) => assert.deepEqual(decodeTcp(encodeTcp(value, from, to)), value)));
});

test('a checksum left out is right, and any changed word makes it wrong', () => {
  fc.assert(
    fc.property(segment, pair, (value, [from, to]) => {
      const { checksum: _, ...unsummed } = value;
      const encoded = encodeTcp(unsummed, from, to);
      assert.ok(tcpChecksumIsRight(encoded, from, to));
      encoded[3] = (encoded[3] ?? 0) ^ 0x10;
      assert.ok(!tcpChecksumIsRight(encoded, from, to));
    }),
  );
});

test('a SYN as a kernel sent it', () => {
  const from = { family: 'inet', words: [0x7f000001] } as const;
  const hex = '9c4000501234567800000000 6002faf0 00000000 020405b4';
  const encoded = encodeTcp(
    {
      ...TCP_DEFAULTS,
      sourcePort: 40000,
      destinationPort: 80,
      sequence: 0x12345678,
      flags: TcpFlag.syn,
      window: 64240,
      options: Uint8Array.of(2, 4, 5, 0xb4),
      checksum: 0,
    },
    from,
    from,
  );
  assert.equal(Buffer.from(encoded).toString('hex'), hex.replaceAll(' ', ''));
});

test('bad segments', () => {
  const here = { family: 'inet', words: [1] } as const;
  const sample = encodeTcp({ ...TCP_DEFAULTS, sourcePort: 1, destinationPort: 2, options: new Uint8Array(8) }, here, here);
  assert.equal(decodeTcp(sample.subarray(0, 19)), undefined);
  assert.equal(decodeTcp(sample.subarray(0, 24)), undefined, 'options that are cut off');
  assert.equal(decodeTcp(Object.assign(sample.slice(), { 12: 0x40 })), undefined, 'a header of 16 bytes');
  survivesGarbage(decodeTcp, sample);
  staysInside(decodeTcp, sample);
});
