import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ip } from '../../../test/support/ip.js';
import type { ConnectionEntry } from '../../model/service.js';
import { endingsOf, summary } from './table.js';

const TIMEOUTS = { tcp: 900, tcpFin: 120, udp: 300 };

const virtual = { address: ip('10.5.0.9'), port: 80 };
const destination = { address: ip('10.6.0.51'), port: 80 };
const entry = (client: string, state: string, expires: number): ConnectionEntry => ({
  protocol: 'TCP',
  client: { address: ip(client), port: 1234 },
  virtual,
  destination,
  state,
  expires,
});

test('an override ends by itself where it has a time', () => {
  const override = {
    target: '10.6.0.51',
    state: 'maintenance',
    weight: null,
    reason: 'disks',
    owner: 'ops',
    since: '2026-01-01T00:00:00Z',
  } as const;
  const overrides = [
    { ...override, untilUs: 5_000_000 },
    { ...override, target: '10.6.0.52', untilUs: null },
  ];
  assert.deepEqual(endingsOf({ format: 1, next: 1, drains: [], overrides }, 95_000_000), [{ target: '10.6.0.51', overdueS: 90 }]);
});

test('connections are counted by destination and by network; one that has just come is not half open yet', () => {
  const { connections, clients, halfOpen } = summary(
    [
      entry('192.0.2.1', 'SYN_RECV', 60),
      entry('192.0.2.2', 'SYN_RECV', 40),
      entry('192.0.2.3', 'ESTABLISHED', 900),
      entry('198.51.100.7', 'SYN_RECV', 50),
    ],
    TIMEOUTS,
  );
  assert.equal(halfOpen, 3);
  assert.deepEqual(connections.destinations, [{ halfOpen: 2, others: 1, over: false, virtual, destination }]);
  assert.deepEqual(connections.networks, [
    { network: ip('192.0.2.0'), halfOpen: 1, others: 1, over: false },
    { network: ip('198.51.100.0'), halfOpen: 1, others: 0, over: false },
  ]);
  assert.deepEqual(
    clients.map(({ client }) => client),
    [ip('192.0.2.1'), ip('198.51.100.7')],
  );
});

test('clients of IPv6 are counted by the first 64 bits of their addresses', () => {
  const { connections, clients } = summary(
    [entry('2001:db8:7::1', 'SYN_RECV', 40), entry('2001:db8:7:0:9::2', 'ESTABLISHED', 900), entry('2001:db8:8::1', 'SYN_RECV', 40)],
    TIMEOUTS,
  );
  assert.deepEqual(connections.networks, [
    { network: ip('2001:db8:7::'), halfOpen: 1, others: 1, over: true },
    { network: ip('2001:db8:8::'), halfOpen: 1, others: 0, over: false },
  ]);
  assert.deepEqual(
    clients.map(({ client }) => client),
    [ip('2001:db8:7::1'), ip('2001:db8:8::1')],
  );
});

test('half-open connections are over when later ones got past it, and none waits now', () => {
  const over = (...entries: readonly ConnectionEntry[]) => summary(entries, TIMEOUTS).connections.destinations[0]?.over;
  const stuck = entry('192.0.2.1', 'SYN_RECV', 40);
  assert.equal(over(stuck), false);
  assert.equal(over(stuck, entry('192.0.2.2', 'FIN_WAIT', 119)), true, 'its last packet came 1 s ago, that of the other 20 s ago');
  assert.equal(over(stuck, entry('192.0.2.2', 'ESTABLISHED', 870)), false, 'its last packet came before');
  assert.equal(over(stuck, entry('192.0.2.2', 'FIN_WAIT', 119), entry('192.0.2.3', 'SYN_RECV', 59)), false, 'one waits');
});
