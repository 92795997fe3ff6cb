// The layout that TypeScript reads and writes the tables by is the one that the datapath was compiled with.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { root } from '../support/project.js';

const bpftool = spawnSync('bpftool', ['version']).status === 0;

test('abi.gen.ts is what dev/abi-gen.mjs makes of the compiled object', { skip: bpftool ? false : 'needs bpftool' }, () => {
  const { status, stderr } = spawnSync(process.execPath, ['dev/abi-gen.mjs', '--check'], { cwd: root, encoding: 'utf8' });
  assert.equal(status, 0, stderr);
});
