// What a run that was killed remembered is believed only where it is what we write.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseMemory } from './undo-journal.js';

const memory = { pid: 7, started: '12', settings: { 'net/ipv4/conf/eth0/arp_ignore': '0' }, links: ['vrrp.51'], tables: ['keepalived'] };

test('a memory that we wrote', () => {
  assert.deepEqual(parseMemory(`${JSON.stringify(memory)}\n`), memory);
});

test('anything else is none', () => {
  const others = ['', '{', 'null', '7', '[]', '{}', ...Object.keys(memory).map((key) => JSON.stringify({ ...memory, [key]: [1] }))];
  for (const text of others) assert.equal(parseMemory(text), undefined, text);
  assert.equal(parseMemory(JSON.stringify({ ...memory, settings: { a: 1 } })), undefined);
});
