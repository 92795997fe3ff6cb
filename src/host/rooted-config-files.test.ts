// Paths of a process with another root: links lead from that root.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { insideRoot, rootedConfigFiles } from './rooted-config-files.js';

test('paths and links lead from the root, and never out of it', () => {
  const root = mkdtempSync(join(tmpdir(), 'weir-root-'));
  try {
    mkdirSync(join(root, 'etc/keepalived/conf.d'), { recursive: true });
    mkdirSync(join(root, 'data/1'), { recursive: true });
    writeFileSync(join(root, 'data/1/part.conf'), 'global_defs {\n}\n');
    symlinkSync('/data/1', join(root, 'data/now'));
    symlinkSync('/data/now/part.conf', join(root, 'etc/keepalived/conf.d/part.conf'));
    symlinkSync('../../../../../../data', join(root, 'etc/up'));
    symlinkSync('loop', join(root, 'etc/loop'));
    assert.equal(insideRoot(root, '/etc/keepalived/conf.d/part.conf'), `${root}/data/1/part.conf`);
    assert.equal(insideRoot(root, '/etc/up/../data/./1'), `${root}/data/1`);
    assert.equal(insideRoot(root, '/../../etc/none/x'), `${root}/etc/none/x`);
    assert.equal(insideRoot(root, '/etc/loop'), `${root}/etc/loop`, 'left for the reading of it, which fails');
    const files = rootedConfigFiles(root, '/etc/keepalived');
    assert.deepEqual(files.read('/etc/keepalived/conf.d/part.conf'), { kind: 'text', text: 'global_defs {\n}\n' });
    assert.deepEqual(files.read('conf.d/part.conf'), { kind: 'text', text: 'global_defs {\n}\n' });
    assert.deepEqual(files.list('conf.d/'), ['part.conf']);
    assert.deepEqual(files.list('/etc/keepalived/'), ['conf.d']);
    assert.equal(files.read('/etc/loop').kind, 'failed');
  } finally {
    rmSync(root, { recursive: true });
  }
});
