import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ip } from '../../../test/support/ip.js';
import type { DaemonSpec } from '../../model/sync-daemon.js';
import { initialPlane, nextPlane, type PlaneState, SESSION_SECONDS, withPeersOf } from './kernel-plane.js';

/** What is decided, once a second: + needed, - not. `rounds`: the nodes that have a session. */
function decided(nodes: readonly string[], rounds: readonly string[], from: PlaneState = initialPlane): string {
  let state = from;
  return rounds
    .map((sessions, nowSeconds) => {
      state = nextPlane(state, { nowSeconds, nodes, inSession: new Set(sessions) });
      return state.isNeeded ? '+' : '-';
    })
    .join('');
}
const times = (count: number, sessions: string): readonly string[] => Array.from({ length: count }, () => sessions);

test('without a stream the kernel’s protocol is always needed', () => {
  assert.equal(decided([], times(3, '')), '+++');
});

test('it is needed until all nodes have a session, and again when one has had none for ten seconds', () => {
  const on = (count: number): string => '+'.repeat(count);
  const off = '-'.repeat(SESSION_SECONDS);
  assert.equal(decided(['a'], [...times(30, ''), 'a', 'a']), `${on(30)}--`);
  assert.equal(decided(['a'], ['a', ...times(SESSION_SECONDS, ''), 'a', '']), `${off}+--`, 'counted from its last session');
  assert.equal(decided(['a', 'b'], times(3, 'a')), on(3), 'one of two');
  assert.equal(decided(['a', 'b'], ['ab', ...times(SESSION_SECONDS, 'a')]), `${off}+`);
});

test('the nodes without a session are named, and nodes that are no more named are forgotten', () => {
  const first = nextPlane(initialPlane, { nowSeconds: 0, nodes: ['a', 'b'], inSession: new Set(['b']) });
  assert.deepEqual(first.without, ['a']);
  const second = nextPlane(first, { nowSeconds: 20, nodes: ['b'], inSession: new Set(['b']) });
  assert.deepEqual([...second.seenAt], [['b', 20]]);
  const again = nextPlane(second, { nowSeconds: 30, nodes: ['a', 'b'], inSession: new Set(['b']) });
  assert.equal(again.isNeeded, false);
});

test('messages of the stream’s peers alone are taken, where no others are named and their addresses are known', () => {
  const spec: DaemonSpec = { role: 'backup', interface: 'eth1', syncId: 7 };
  const [four, six] = [ip('10.8.9.2'), ip('fd00::2')];
  assert.deepEqual(withPeersOf([four], spec).peers, [four]);
  for (const peers of [[], [six], [four, six]]) assert.equal(withPeersOf(peers, spec), spec);
  const group6: DaemonSpec = { ...spec, group: ip('ff05::1') };
  assert.equal(withPeersOf([four], group6), group6);
  assert.deepEqual(withPeersOf([four], { ...spec, peers: [ip('10.0.0.9')] }).peers, [ip('10.0.0.9')]);
  const many = Array.from({ length: 17 }, (_, k) => ip(`10.8.9.${k + 1}`));
  assert.equal(withPeersOf(many, spec), spec);
});
