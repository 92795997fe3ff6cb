import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ip } from '../../../test/support/ip.js';
import type { ForeignConnection } from '../../model/foreign-connection.js';
import { destinationId } from '../../model/identity.js';
import { Unbound } from './unbound.js';

const connection = (k: number, seconds = 60): ForeignConnection => ({
  protocol: 6,
  client: { address: { family: 'inet', words: [0x0a000000 + (k >> 8)] }, port: k & 255 },
  virtual: { address: ip('10.0.0.1'), port: 80 },
  server: { address: ip('10.0.0.2'), port: 80 },
  mark: 0,
  method: 'masq',
  state: 1,
  seconds,
  timeout: seconds,
  late: false,
});
const idOf = ({ client }: ForeignConnection): string => destinationId(client);
const SECOND_US = 1_000_000;
const UNBOUND_MAX = 65_536;

test('what is kept comes back once, with the seconds that it has left; the newest news of a connection count', () => {
  const unbound = new Unbound(idOf);
  unbound.keep(connection(1), 0);
  unbound.keep({ ...connection(1), state: 4 }, 10 * SECOND_US);
  unbound.keep(connection(2, 5), 0);
  assert.deepEqual(unbound.take(20 * SECOND_US), [{ ...connection(1), state: 4, seconds: 50 }]);
  assert.deepEqual(unbound.take(20 * SECOND_US), []);
});

test('what came without a time is kept for five minutes, and has none when it comes back', () => {
  const unbound = new Unbound(idOf);
  unbound.keep(connection(1, 0), 0);
  assert.deepEqual(unbound.take(299 * SECOND_US), [connection(1, 0)]);
  unbound.keep(connection(1, 0), 0);
  assert.deepEqual(unbound.take(300 * SECOND_US), []);
});

test('a flood takes no more room, and what has expired makes some', () => {
  const unbound = new Unbound(idOf);
  for (let k = 0; k < UNBOUND_MAX; k++) assert.ok(unbound.keep(connection(k), 0));
  assert.equal(unbound.keep(connection(UNBOUND_MAX), 0), false);
  assert.ok(unbound.keep(connection(5), 0), 'one that is there already');
  assert.equal(unbound.size, UNBOUND_MAX);
  assert.ok(unbound.keep(connection(UNBOUND_MAX), 61 * SECOND_US));
  assert.equal(unbound.size, 1);
});

test('a flood costs a look at all that is kept once a second, not with each one', () => {
  const unbound = new Unbound(idOf);
  unbound.keep(connection(0, 1), 0);
  for (let k = 1; k < UNBOUND_MAX; k++) unbound.keep(connection(k), 0);
  const isKept = (seconds: number): boolean => unbound.keep(connection(UNBOUND_MAX), seconds * SECOND_US);
  assert.deepEqual([0.9, 1.5, 1.9].map(isKept), [false, false, true]);
});
