// Where the secret of binding cookies comes from.
import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { stickySecret } from './sticky-secret.js';

const folder = mkdtempSync(join(tmpdir(), 'weir-sticky-'));
after(() => rmSync(folder, { recursive: true }));
const shared = join(folder, 'shared');

test("without the operator's file one is made, for its owner alone, and stays", () => {
  const own = join(folder, 'run/own');
  const made = stickySecret(shared, own);
  assert.equal(made.length, 32);
  assert.deepEqual([...stickySecret(shared, own)], [...made]);
  assert.equal(statSync(own).mode & 0o777, 0o600);
});

test('what a killed process left there is made again', () => {
  const own = join(folder, 'left');
  writeFileSync(own, 'abc');
  const made = Buffer.from(stickySecret(shared, own)).toString('hex');
  assert.equal(readFileSync(own, 'latin1'), made);
});

test("the operator's file counts, and is refused where it would be no secret", () => {
  const own = join(folder, 'run/own');
  const write = (text: string, mode = 0o600): void => {
    writeFileSync(shared, text);
    chmodSync(shared, mode);
  };
  write('0123456789abcdef');
  assert.equal(Buffer.from(stickySecret(shared, own)).toString(), '0123456789abcdef');
  for (const [text, mode, why] of [
    ['0123456789abcde', 0o600, /shared: it has fewer than 16 bytes/],
    ['0123456789abcdef', 0o640, /shared: others may read or write it/],
    ['x'.repeat(100_000), 0o600, /shared: it is too large/],
  ] as const) {
    write(text, mode);
    assert.throws(() => stickySecret(shared, own), why);
  }
  rmSync(shared);
  assert.throws(() => stickySecret(folder, own), /not a regular file/);
});
