import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readInstance } from '../../../../../test/support/keepalived-text.js';
import type { Authentication } from '../../../../model/keepalived/instance.js';

const auth = (...lines: string[]): string[] => ['authentication {', ...lines, '}'];
const none: Authentication = { kind: 'none' };

function tryAll(cases: readonly (readonly [lines: readonly string[], expected: Authentication, reported?: readonly string[]])[]): void {
  for (const [lines, expected, reported = []] of cases) {
    const { instance, errors } = readInstance(lines);
    assert.deepEqual(instance?.authentication, expected, lines.join(' / '));
    assert.deepEqual(errors, reported, lines.join(' / '));
  }
}

test('passwords of version 2', () => {
  tryAll([
    [auth('auth_type PASS', 'auth_pass abcd'), { kind: 'pass', password: 'abcd' }],
    [auth('auth_pass abcd', 'auth_type AH'), { kind: 'ah', password: 'abcd' }],
    [auth('auth_type PASS', 'auth_pass abcdefghijkl'), { kind: 'pass', password: 'abcdefgh' }, ['Truncating auth_pass to 8 characters']],
    [auth('auth_type PASS', 'auth_pass ééééé'), { kind: 'pass', password: 'Ã©Ã©Ã©Ã©' }, ['Truncating auth_pass to 8 characters']],
    [auth('auth_pass abcd'), none],
    [auth('auth_type PASS'), none, ['(V1) Authentication specified but no password given. Ignoring']],
    [auth('auth_type pass', 'auth_pass abcd'), none, ["(V1) unknown authentication type 'pass'"]],
    [['version 3', ...auth('auth_type PASS', 'auth_pass a')], none, ['(V1) VRRP version 3 does not support authentication. Ignoring.']],
    [['strict_mode', ...auth('auth_type PASS', 'auth_pass a')], none, ['(V1) Strict mode does not support authentication. Ignoring.']],
    [[...auth('auth_type PASS', 'auth_pass abcd'), ...auth('auth_type AH', 'auth_pass ab')], { kind: 'ah', password: 'ab' }],
  ]);
});

test('with AH only the address owner can start as master', () => {
  const ah = auth('auth_type AH', 'auth_pass abcd');
  const { instance, errors } = readInstance(['state MASTER', 'priority 150', ...ah]);
  assert.equal(instance?.initialState, 'backup');
  assert.deepEqual(errors, ['(V1) Initial state master is incompatible with AH authentication - clearing']);
  assert.equal(readInstance(['state MASTER', ...ah]).instance?.initialState, 'master');
});
