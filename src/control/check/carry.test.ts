// What a reload makes of checks that it adds: keepalived 2.2.7's rule for alpha (migrate_checkers in ipwrapper.c).
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CheckBed, checker, failure } from '../../../test/support/check-bed.js';
import { realServer, virtualServer } from '../../../test/support/virtual-server.js';
import type { Checker } from '../../model/keepalived/virtual-server.js';
import { itemsOf } from '../timed-list.js';

const A = '10.0.0.1';
const tcp = checker();
const ping = checker({ kind: 'ping' });
const smtpAlpha = checker({ kind: 'smtp' }, { alpha: true });
const withChecks = (...checkers: readonly Checker[]) => [virtualServer({ realServers: [realServer(A, { checkers })] })];

/** Runs `first` until a verdict, then reloads with `next`; which checks are up then, and what serves. */
function reloaded(first: readonly Checker[], next: readonly Checker[], failing: readonly string[] = []) {
  const bed = new CheckBed();
  bed.answerByKind = (kind) => (failing.includes(kind) ? failure() : { kind: 'success' });
  bed.configure(withChecks(...first));
  bed.pass(3);
  bed.configure(withChecks(...next));
  return { ups: itemsOf(bed.state.checkers).map(({ up }) => up), pool: bed.pool(), bed };
}

test('on a server that is up an alpha check that a reload adds counts as up until it has run', () => {
  const { ups, pool, bed } = reloaded([tcp], [tcp, smtpAlpha], ['smtp']);
  assert.deepEqual([ups, pool], [[true, true], [`${A} 1`]]);
  bed.pass(20);
  assert.deepEqual(bed.pool(), []);
});

test('on a server whose check has failed it counts as down, and a success of the other alone does not bring the server back', () => {
  const { ups, pool, bed } = reloaded([tcp], [tcp, smtpAlpha], ['tcp', 'smtp']);
  assert.deepEqual([ups, pool], [[false, false], []]);
  bed.answerByKind = (kind) => (kind === 'smtp' ? failure() : { kind: 'success' });
  bed.pass(30);
  assert.deepEqual(bed.pool(), []);
});

test('in place of the check that failed, beside one that is well, it counts as up: the server is back immediately', () => {
  const { ups, pool } = reloaded([tcp, ping], [ping, smtpAlpha], ['tcp']);
  assert.deepEqual([ups, pool], [[true, true], [`${A} 1`]]);
});

test('where all checks of a dead server are others it counts as down', () => {
  assert.deepEqual(reloaded([tcp], [smtpAlpha], ['tcp']).ups, [false]);
});

test('a real server that a reload brings is down with alpha', () => {
  const bed = new CheckBed();
  bed.configure(withChecks(tcp));
  bed.pass(3);
  bed.configure([virtualServer({ realServers: [realServer(A, { checkers: [tcp] }), realServer('10.0.0.2', { checkers: [smtpAlpha] })] })]);
  assert.deepEqual(bed.pool(), [`${A} 1`]);
});
