import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { isWeirError } from '../model/errors/weir-error.js';
import { readLayer7 } from './read-layer7.js';

test('all errors of a file are in one message, each on a line with its place', () => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-layer7-'));
  const file = join(folder, 'weir.yaml');
  writeFileSync(file, 'layer7:\n  listeners: { web: nowhere }\n  pools: { web: { servers: [x] } }\n  hosts: []\n  nonsense: 1\n');
  assert.throws(
    () => readLayer7(file),
    (error: unknown) =>
      isWeirError(error, 'weir-file-refused') && error.exitStatus === 2 && /:2:\d+: .*\n.*:3:\d+: .*\n.*:5:\d+: /s.test(error.message),
  );
  rmSync(folder, { recursive: true });
});
