import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { KEY_FILE_BYTES_MAX } from '../config/keepalived/to-model/vrrp/auth-hmac.js';
import { hostKeyFile } from './hmac-keys.js';

test('a key file is read to its end, with who may touch it; what is no regular file is refused without waiting', () => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-hmac-'));
  const at = (name: string): string => join(folder, name);
  try {
    const text = 'k'.repeat(KEY_FILE_BYTES_MAX);
    writeFileSync(at('key'), text, { mode: 0o600 });
    assert.deepEqual(hostKeyFile(at('key')), { kind: 'bytes', bytes: new Uint8Array(Buffer.from(text)), exposed: false });
    chmodSync(at('key'), 0o604);
    assert.deepEqual(hostKeyFile(at('key')), { kind: 'bytes', bytes: new Uint8Array(Buffer.from(text)), exposed: true });
    writeFileSync(at('long'), `${text}k`, { mode: 0o600 });
    assert.deepEqual(hostKeyFile(at('long')), { kind: 'large', exposed: false });
    execFileSync('mkfifo', [at('fifo')]);
    for (const name of ['fifo', '.']) assert.deepEqual(hostKeyFile(at(name)), { kind: 'failed', reason: 'it is not a regular file' });
    assert.match((hostKeyFile(at('none')) as { reason: string }).reason, /^no such file or directory$/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
