import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readInstance } from '../../../../../test/support/keepalived-text.js';
import type { Authentication } from '../../../../model/keepalived/instance.js';
import { KEY_FILE_BYTES_MAX, type ReadKeyFile } from './auth-hmac.js';

const hmac = (...lines: string[]): string[] => ['auth_hmac {', ...lines, '}'];
const key = 'ab'.repeat(32);
const none: Authentication = { kind: 'none' };
const built: Authentication = {
  kind: 'hmac',
  keys: [{ id: 1, hex: key }],
  activeKey: 1,
  antiReplay: 'time',
  timeWindowUs: 5_000_000,
  mode: 'enforce',
};
const good = [`key 1 hex:${key}`, 'active_key 1'];
const noKey = (id: number): string => `(V1) auth_hmac active_key ${id} is not defined, disabling extension`;

type Case = readonly [lines: readonly string[], expected: Authentication, reported?: readonly string[]];

function tryAll(cases: readonly Case[], keyFile?: ReadKeyFile): void {
  for (const [lines, expected, reported = []] of cases) {
    const { instance, errors } = readInstance(lines, [], keyFile);
    assert.deepEqual(instance?.authentication, expected, lines.join(' / '));
    assert.deepEqual(errors, reported, lines.join(' / '));
  }
}

test('keys are text or digits, of 32 to 64 bytes, each under an id of its own', () => {
  const short = '(V1) auth_hmac key 1 length 5 not in range [32, 64]';
  tryAll([
    [['version 3', ...hmac(...good)], built],
    [hmac(...good), built],
    [hmac(`key 1 ${'a'.repeat(32)}`, 'active_key 1'), { ...built, keys: [{ id: 1, hex: '61'.repeat(32) }] }],
    [hmac(`key 1 "hex:${'0A b '.repeat(32)}"`, 'active_key 1'), { ...built, keys: [{ id: 1, hex: '0a0b'.repeat(32) }] }],
    [hmac('key 1 short', 'active_key 1'), none, [short, noKey(1)]],
    [hmac(`key 1 hex:${'zz'.repeat(32)}`, 'active_key 1'), none, ['(V1) auth_hmac key 1 length 0 not in range [32, 64]', noKey(1)]],
    [
      hmac(...good, `key 256 hex:${key}`),
      built,
      ["number '256' outside range [1, 255]", "(V1) auth_hmac key id '256' must be between 1 and 255"],
    ],
    [hmac(...good, 'key 2'), built, ['(V1) auth_hmac key needs an id and a value']],
    [hmac(...good, `key 1 hex:${'cd'.repeat(32)}`), built, ['(V1) duplicate auth_hmac key id 1']],
    [[...hmac(`key 1 hex:${key}`), ...hmac('active_key 1')], built],
  ]);
});

test('without a key to sign with there is no extension', () => {
  tryAll([
    [hmac(`key 1 hex:${key}`), none, [noKey(0)]],
    [hmac(`key 1 hex:${key}`, 'active_key 2'), none, [noKey(2)]],
    [hmac(), none, [noKey(0)]],
  ]);
});

test('freshness and mode, and their messages', () => {
  const wrong = (line: string, ...reported: string[]): Case => [hmac(...good, line), built, reported];
  tryAll([
    [
      hmac(...good, 'anti_replay monotonic', 'time_window 30', 'mode receive-only'),
      { ...built, antiReplay: 'monotonic', timeWindowUs: 30e6, mode: 'receive-only' },
    ],
    [['advert_int 7', ...hmac(...good)], { ...built, timeWindowUs: 21e6 }],
    [['advert_int 200', ...hmac(...good)], { ...built, timeWindowUs: 300e6 }],
    [['version 3', 'advert_int 1.99', ...hmac(...good)], built],
    wrong('time_window 0', "number '0' outside range [1, 300]", "(V1) auth_hmac time_window '0' must be between 1 and 300 seconds"),
    wrong('anti_replay never', "(V1) auth_hmac anti_replay 'never' must be time or monotonic"),
    wrong('mode lax', "(V1) auth_hmac mode 'lax' must be enforce, permissive or receive-only"),
    wrong('active_key 0', "number '0' outside range [1, 255]", "(V1) auth_hmac active_key '0' must be between 1 and 255"),
    [['strict_mode', ...hmac(...good)], built],
    [['strict_mode', ...hmac(...good, 'mode permissive')], built, ['(V1) strict mode requires auth_hmac mode enforce']],
  ]);
});

test('it replaces a password', () => {
  const password = ['authentication {', 'auth_type PASS', 'auth_pass a', '}'];
  tryAll([
    [[...password, ...hmac(...good)], built, ['(V1) auth_hmac cannot be combined with authentication, dropping legacy auth']],
    [['version 3', ...password, ...hmac(...good)], built, ['(V1) VRRP version 3 does not support authentication. Ignoring.']],
  ]);
});

test('keys in files: bytes or digits up to a line end or NUL; files that others may read are reported', () => {
  const files: Readonly<Record<string, { text: string; mode?: number }>> = {
    '/digits': { text: `hex:${key}\r\n` },
    '/bytes': { text: `${'k'.repeat(32)}\n` },
    '/nul': { text: `${'k'.repeat(32)}\0more` },
    '/open': { text: `hex:${key}`, mode: 0o640 },
    '/short': { text: 'k' },
  };
  const read: ReadKeyFile = (path) => {
    const file = files[path];
    if (file === undefined) return path === '/large' ? { kind: 'large', exposed: false } : { kind: 'failed', reason: 'ENOENT' };
    return { kind: 'bytes', bytes: Buffer.from(file.text), exposed: file.mode === 0o640 };
  };
  const of = (path: string): readonly string[] => hmac(`key 1 file:${path}`, 'active_key 1');
  const withKey = (file: string, hex: string): Authentication => ({ ...built, keys: [{ id: 1, hex, file }] });
  tryAll(
    [
      [of('/digits'), withKey('/digits', key)],
      [of('/bytes'), withKey('/bytes', '6b'.repeat(32))],
      [of('/nul'), withKey('/nul', '6b'.repeat(32))],
      [of('/open'), withKey('/open', key), ["(V1) auth_hmac key file '/open' is readable by group or others"]],
      [of('/short'), none, ['(V1) auth_hmac key 1 length 1 not in range [32, 64]', noKey(1)]],
      [
        of('/none'),
        none,
        ["(V1) auth_hmac key file '/none' cannot be opened", '(V1) auth_hmac key 1 length 0 not in range [32, 64]', noKey(1)],
      ],
      [
        of('/large'),
        none,
        ["(V1) auth_hmac key file '/large' is too large", '(V1) auth_hmac key 1 length 0 not in range [32, 64]', noKey(1)],
      ],
    ],
    read,
  );
  assert.equal(readInstance(of('/anywhere')).instance?.authentication.kind, 'hmac', 'whoever only looks at the file has no keys');
  assert.ok(KEY_FILE_BYTES_MAX >= 'hex:'.length + 2 * 64);
});
