// The layouts by which TypeScript reads and writes the tables of the datapath and of the filters are those of the compiled programs.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { root } from '../support/project.js';

const bpftool = spawnSync('bpftool', ['version']).status === 0;

test('both abi.gen.ts are what dev/abi-gen.mjs makes of the compiled objects', { skip: bpftool ? false : 'needs bpftool' }, () => {
  const { status, stderr } = spawnSync(process.execPath, ['dev/abi-gen.mjs', '--check'], { cwd: root, encoding: 'utf8' });
  assert.equal(status, 0, stderr);
});
