import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ip } from '../../../test/support/doctor-facts.js';
import type { ConnectionEntry } from '../../model/service.js';
import { summary } from './table.js';

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

test('connections are counted by destination and by network; one that has just come is not half open yet', () => {
  const { connections, clients } = summary([
    entry('192.0.2.1', 'SYN_RECV', 60),
    entry('192.0.2.2', 'SYN_RECV', 40),
    entry('192.0.2.3', 'ESTABLISHED', 900),
    entry('198.51.100.7', 'SYN_RECV', 50),
  ]);
  assert.deepEqual(connections.destinations, [{ halfOpen: 2, others: 1, virtual, destination }]);
  assert.deepEqual(connections.networks, [
    { network: ip('192.0.2.0'), halfOpen: 1, others: 1 },
    { network: ip('198.51.100.0'), halfOpen: 1, others: 0 },
  ]);
  assert.deepEqual(
    clients.map(({ client }) => client),
    [ip('192.0.2.1'), ip('198.51.100.7')],
  );
});
