// A log that cannot be written.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { AppendFile } from './append-file.js';

test('a log whose folder is missing is reported once, and written when the folder is there', () => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-log-'));
  try {
    const path = join(folder, 'logs/access.log');
    const faults: string[] = [];
    const log = new AppendFile(path, (text) => faults.push(text));
    for (let count = 0; count < 3; count++) {
      log.add('dropped\n');
      log.flush();
      log.flush();
      log.reopen();
    }
    assert.deepEqual(faults, [`access log ${path}: ENOENT: no such file or directory, open '${path}'`]);
    mkdirSync(join(folder, 'logs'));
    log.add('kept\n');
    log.flush();
    assert.equal(readFileSync(path, 'latin1'), 'kept\n');
    rmSync(join(folder, 'logs'), { recursive: true });
    log.reopen();
    assert.equal(faults.length, 2, 'a further fault is reported again');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
