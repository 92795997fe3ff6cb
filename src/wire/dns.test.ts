import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DNS_TYPES, dnsAnswer, dnsQuery } from './dns.js';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

test('a query: header, labels, type and class', () => {
  assert.equal(hex(dnsQuery(0x1234, 'a.bc', DNS_TYPES['MX'] ?? 0)), '12340100000100000000000001610262630000' + '0f0001');
  assert.equal(hex(dnsQuery(1, 'a.bc.', 1)), hex(dnsQuery(1, 'a.bc', 1)));
  assert.equal(hex(dnsQuery(1, '.', 6)).slice(24), '0000060001', 'the root has no label');
});

test('what has no form on the wire is refused', () => {
  for (const name of ['a..b', 'x'.repeat(64), `${'x'.repeat(60)}.`.repeat(5)]) assert.throws(() => dnsQuery(1, name, 1), RangeError);
});

test('an answer: its number and code; a query or a piece of one is none', () => {
  const answer = dnsQuery(7, 'a', 1);
  assert.equal(dnsAnswer(answer), undefined);
  answer[2] = 0x81;
  answer[3] = 0x83;
  assert.deepEqual(dnsAnswer(answer), { id: 7, code: 3 });
  assert.equal(dnsAnswer(answer.subarray(0, 11)), undefined);
});
