import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { artifact, artifactFolders } from './artifact.js';

test('looks beside the module first, then in dist/ of every folder above', () => {
  assert.deepEqual(artifactFolders('/a/build/src'), ['/a/build/src', '/a/build/dist', '/a/dist', '/dist']);
});

test('finds a file beside the bundle and from compiled output, the nearer one first', () => {
  const root = mkdtempSync(join(tmpdir(), 'weir-artifact-'));
  try {
    const compiled = join(root, 'build/src/sys');
    mkdirSync(compiled, { recursive: true });
    mkdirSync(join(root, 'dist'));
    writeFileSync(join(root, 'dist/weir.node'), '');
    assert.equal(artifact('weir.node', compiled), join(root, 'dist/weir.node'));
    assert.equal(artifact('weir.node', join(root, 'dist')), join(root, 'dist/weir.node'));
    writeFileSync(join(compiled, 'weir.node'), '');
    assert.equal(artifact('weir.node', compiled), join(compiled, 'weir.node'));
    assert.throws(() => artifact('weir.bpf.o', compiled), /^WeirError: weir\.bpf\.o is missing — fix: build it with/);
  } finally {
    rmSync(root, { recursive: true });
  }
});
