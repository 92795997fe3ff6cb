import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { keyOfFile } from './hmac-keys.js';

test('a key is the bytes of its file less one line end, or its digits', () => {
  const of = (text: string): string => keyOfFile('key', () => Buffer.from(text, 'latin1'));
  const bytes = 'k'.repeat(32);
  assert.equal(of(bytes), '6b'.repeat(32));
  assert.equal(of(`${bytes}\n`), '6b'.repeat(32));
  assert.equal(of(`hex:${'0A'.repeat(64)}\r\n`), '0a'.repeat(64));
  assert.equal(of(`\xff${bytes}`), `ff${'6b'.repeat(32)}`);
  for (const wrong of ['', 'k'.repeat(31), 'k'.repeat(65), 'hex:zz', `hex:${'0'.repeat(63)}`, `hex:${'0a'.repeat(65)}`]) {
    assert.throws(() => of(wrong), /key does not hold 32 to 64 bytes/);
  }
});

test('only a regular file is read, and nothing waits for another', () => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-hmac-'));
  try {
    writeFileSync(join(folder, 'key'), 'k'.repeat(40));
    assert.equal(keyOfFile(join(folder, 'key')), '6b'.repeat(40));
    execFileSync('mkfifo', [join(folder, 'fifo')]);
    assert.throws(() => keyOfFile(join(folder, 'fifo')), /is not a regular file/);
    assert.throws(() => keyOfFile(folder), /is not a regular file/);
    assert.throws(() => keyOfFile(join(folder, 'none')), /ENOENT/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
