// Files that are no certificates.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadCertificate } from './certificates.js';

test('a FIFO in the place of a certificate is refused, and is not waited for', () => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-certificates-'));
  try {
    execFileSync('mkfifo', [join(folder, 'chain.pem')]);
    assert.throws(() => loadCertificate({ chain: 'chain.pem', key: 'key.pem' }, folder, 0), /chain\.pem: invalid argument/);
    assert.throws(() => loadCertificate({ chain: '.', key: 'key.pem' }, folder, 0), /illegal operation on a directory/);
    assert.throws(() => loadCertificate({ chain: 'none.pem', key: 'key.pem' }, folder, 0), /none\.pem: no such file or directory/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
