import assert from 'node:assert/strict';
import { test } from 'node:test';
import { concat } from './bytes.js';
import { internetChecksum } from './checksum.js';
import { echoReply, echoRequest } from './echo.js';

const echo = { id: 0xabcd, sequence: 7, data: Uint8Array.of(1, 2, 3) };

test('a request has its type, and for IPv4 a checksum', () => {
  const request = echoRequest('inet', echo);
  assert.deepEqual([request[0], internetChecksum(request)], [8, 0]);
  assert.deepEqual([...echoRequest('inet6', echo).subarray(0, 8)], [128, 0, 0, 0, 0xab, 0xcd, 0, 7]);
});

test('a reply is read with and without the IP header; a request and a piece are none', () => {
  for (const [family, type] of [
    ['inet', 0],
    ['inet6', 129],
  ] as const) {
    const reply = echoRequest(family, echo);
    assert.equal(echoReply(family, reply, false), undefined);
    reply[0] = type;
    assert.deepEqual(echoReply(family, reply, false), echo);
    assert.equal(echoReply(family, reply.subarray(0, 7), false), undefined);
  }
  const packet = concat(Uint8Array.of(0x46), new Uint8Array(23), echoRequest('inet', echo));
  packet[24] = 0;
  assert.deepEqual(echoReply('inet', packet, true), echo);
});
