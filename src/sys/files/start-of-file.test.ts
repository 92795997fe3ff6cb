import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { native } from '../addon.js';
import { startOfFile } from './start-of-file.js';

test('at most the given size of a file; nothing of a folder, a device or a FIFO without a writer', () => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-start-'));
  try {
    writeFileSync(join(folder, 'file'), 'abcdef');
    native().mkfifo(join(folder, 'fifo'), 0o600);
    assert.equal(Buffer.from(startOfFile(join(folder, 'file'), 4) ?? []).toString(), 'abcd');
    for (const path of [folder, '/dev/zero', join(folder, 'fifo')]) assert.equal(startOfFile(path, 4), undefined);
    assert.throws(() => startOfFile(join(folder, 'none'), 4), /ENOENT/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
