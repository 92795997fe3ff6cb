import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readInstance } from '../../../../test/support/keepalived-text.js';
import type { Authentication } from '../../../model/keepalived/instance.js';

const auth = (...lines: string[]): string[] => ['authentication {', ...lines, '}'];
const hmac = (...lines: string[]): string[] => ['auth_hmac {', ...lines, '}'];
const key = 'ab'.repeat(32);
const none: Authentication = { kind: 'none' };

function tryAll(cases: readonly (readonly [lines: readonly string[], expected: Authentication, said?: readonly string[]])[]): void {
  for (const [lines, expected, said = []] of cases) {
    const { instance, errors } = readInstance(lines);
    assert.deepEqual(instance?.authentication, expected, lines.join(' / '));
    assert.deepEqual(errors, said, lines.join(' / '));
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

test('AH cannot begin as master, but for the owner', () => {
  const ah = auth('auth_type AH', 'auth_pass abcd');
  const { instance, errors } = readInstance(['state MASTER', 'priority 150', ...ah]);
  assert.equal(instance?.initialState, 'backup');
  assert.deepEqual(errors, ['(V1) Initial state master is incompatible with AH authentication - clearing']);
  assert.equal(readInstance(['state MASTER', ...ah]).instance?.initialState, 'master');
});

test('auth_hmac: keys as text, digits or files', () => {
  const built: Authentication = {
    kind: 'hmac',
    keys: [{ id: 1, hex: key }],
    activeKey: 1,
    antiReplay: 'time',
    timeWindowUs: 10_000_000,
    mode: 'enforce',
  };
  tryAll([
    [['version 3', ...hmac(`key 1 hex:${key}`)], built],
    [
      [
        'version 3',
        ...hmac(
          `key 1 ${'a'.repeat(32)}`,
          `key 2 file:/etc/k`,
          'active_key 2',
          'anti_replay monotonic',
          'time_window 30',
          'mode permissive',
        ),
      ],
      {
        kind: 'hmac',
        keys: [
          { id: 1, hex: '61'.repeat(32) },
          { id: 2, file: '/etc/k' },
        ],
        activeKey: 2,
        antiReplay: 'monotonic',
        timeWindowUs: 30_000_000,
        mode: 'permissive',
      },
    ],
    [
      hmac('key 1 short'),
      none,
      ['(V1) auth_hmac key 1 is not 32 to 64 bytes - ignoring', '(V1) auth_hmac has no key to send with - ignoring'],
    ],
    [hmac(`key 1 hex:${key}`, 'active_key 2'), none, ['(V1) auth_hmac has no key to send with - ignoring']],
    [hmac(`key 256 hex:${key}`), none, ["number '256' outside range [0, 255]", '(V1) auth_hmac has no key to send with - ignoring']],
    [['strict_mode', ...hmac(`key 1 hex:${key}`)], none, ['(V1) Strict mode does not support authentication. Ignoring.']],
    [
      [...auth('auth_type PASS', 'auth_pass a'), ...hmac(`key 1 hex:${key}`)],
      built,
      ['(V1) authentication and auth_hmac exclude each other - ignoring authentication'],
    ],
  ]);
});
