import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crc32c } from './crc32c.js';
import { ChunkType, encodeSctp, readSctpChecksum, sctpChecksum, writeSctpChecksum } from './sctp.js';

/** RFC 3720, B.4: CRC32c of 32 bytes, and the usual nine digits. */
test('CRC32c has the published values', () => {
  const vectors: readonly (readonly [Uint8Array, number])[] = [
    [new TextEncoder().encode('123456789'), 0xe3069283],
    [new Uint8Array(32), 0x8a9136aa],
    [new Uint8Array(32).fill(0xff), 0x62a8ab43],
    [Uint8Array.from({ length: 32 }, (_, i) => i), 0x46dd794e],
    [Uint8Array.from({ length: 32 }, (_, i) => 31 - i), 0x113fdb5c],
  ];
  for (const [bytes, sum] of vectors) assert.equal(crc32c(bytes), sum);
});

test('a packet has its header, its chunks padded, and its checksum in little-endian order', () => {
  const packet = encodeSctp({
    sourcePort: 0x1234,
    destinationPort: 0x5678,
    tag: 0x9abcdef0,
    chunks: [{ type: ChunkType.cookieAck }, { type: ChunkType.data, flags: 3, value: Uint8Array.of(1, 2, 3, 4, 5) }],
  });
  assert.deepEqual([...packet.subarray(0, 8)], [0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde, 0xf0]);
  assert.deepEqual([...packet.subarray(12)], [11, 0, 0, 4, 0, 3, 0, 9, 1, 2, 3, 4, 5, 0, 0, 0]);
  const sum = sctpChecksum(packet);
  assert.equal(readSctpChecksum(packet), sum);
  assert.deepEqual([...packet.subarray(8, 12)], [sum & 255, (sum >>> 8) & 255, (sum >>> 16) & 255, sum >>> 24]);
  writeSctpChecksum(packet, 1);
  assert.equal(sctpChecksum(packet), sum, 'what is there does not count');
});
