// What comes, goes and changes is reported once, in room that does not grow.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FoundConnection } from '../../datapath/ebpf/observe/connection-filter.js';
import { Follower } from './follow.js';

const address = { family: 'inet', words: [1] } as const;
const end = { address, port: 80 };

const connection = (identity: string, state = 'ESTABLISHED'): FoundConnection => ({
  protocol: 'TCP',
  client: end,
  virtual: end,
  destination: end,
  state,
  expires: 1,
  method: 'masq',
  idle: 0,
  identity,
});

const look = (follower: Follower, ...found: readonly FoundConnection[]): readonly string[] =>
  [...follower.changes(found)].map(([event, { identity, state }]) => `${event} ${identity} ${state}`);

test('begun, another state, ended', () => {
  const follower = new Follower(10);
  assert.deepEqual(look(follower, connection('a', 'SYN_RECV'), connection('b')), ['begun a SYN_RECV', 'begun b ESTABLISHED']);
  assert.deepEqual(look(follower, connection('a'), connection('b')), ['state a ESTABLISHED']);
  assert.deepEqual(look(follower, connection('b'), connection('c')), ['begun c ESTABLISHED', 'ended a ESTABLISHED']);
  assert.deepEqual(look(follower), ['ended b ESTABLISHED', 'ended c ESTABLISHED']);
});

test('what finds no room is not followed until there is some', () => {
  const follower = new Follower(1);
  assert.deepEqual(look(follower, connection('a'), connection('b')), ['begun a ESTABLISHED']);
  assert.ok(follower.isFull);
  assert.deepEqual(look(follower, connection('b')), ['ended a ESTABLISHED']);
  assert.deepEqual(look(follower, connection('b')), ['begun b ESTABLISHED']);
});
