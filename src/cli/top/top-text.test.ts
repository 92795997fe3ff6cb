// The table of rates: its order, its numbers, and what is left of it in a small terminal.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ServerRates, ServiceRates } from '../../report/rates.js';
import { scaled, topLines } from './top-text.js';

const none = { conns: 0, inPackets: 0, outPackets: 0, inBytes: 0, outBytes: 0, active: 0, inactive: 0 };
const server = (name: string, rates: Partial<ServerRates> = {}): ServerRates => ({
  server: name,
  method: 'masq',
  weight: 1,
  ...none,
  ...rates,
});
const service = (name: string, servers: readonly ServerRates[], rates: Partial<ServiceRates> = {}): ServiceRates => ({
  service: name,
  scheduler: 'rr',
  servers,
  ...none,
  ...rates,
});

const SERVICES = [
  service('TCP 10.0.0.1:80', [server('10.0.2.1:80', { conns: 1 }), server('10.0.2.2:80', { conns: 3 })], { conns: 4, active: 9 }),
  service('UDP 10.0.0.1:53', [server('10.0.2.1:53')], { conns: 12_500, inBytes: 2_500_000 }),
];

const names = (lines: readonly string[]): readonly string[] => lines.slice(3).map((line) => line.trim().split(/\s+/)[0] ?? '');

test('numbers fit their column', () => {
  assert.deepEqual([0, 7, 999, 999.6, 12_500, 99_950, 3_140_000, 5e15].map(scaled), [
    '0',
    '7',
    '999',
    '1.0k',
    '12.5k',
    '100.0k',
    '3.1M',
    '5000T',
  ]);
});

test('services by a key, the servers of each below it by the same', () => {
  assert.deepEqual(names(topLines(SERVICES, 'conns', '')), ['UDP', '10.0.2.1:53', 'TCP', '10.0.2.2:80', '10.0.2.1:80']);
  assert.deepEqual(names(topLines(SERVICES, 'active', '')), ['TCP', '10.0.2.1:80', '10.0.2.2:80', 'UDP', '10.0.2.1:53']);
  assert.match(topLines(SERVICES, 'conns', '')[2] ?? '', /^all +12\.5k/);
});

test('no line is wider and no screen longer than the terminal', () => {
  for (const rows of [1, 2, 3, 4, 7, 30])
    for (const columns of [1, 10, 40, 80, 200]) {
      const lines = topLines(SERVICES, 'conns', '12:00:00', { rows, columns });
      assert.ok(lines.length <= rows && lines.every((line) => line.length <= columns), `${rows} rows, ${columns} columns`);
    }
  assert.equal(topLines(SERVICES, 'conns', '', { rows: 5 }).at(-1), '4 more lines');
});
