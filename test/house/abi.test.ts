// The layouts by which TypeScript reads and writes the tables of the datapath and of the filters are those of the compiled programs.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { notWorking } from '../support/probes.js';
import { root } from '../support/project.js';

test('both abi.gen.ts are what dev/abi-gen.mjs makes of the compiled objects', {
  skip: notWorking('bpftool', 'bpftool', 'version'),
}, () => {
  const { status, stderr } = spawnSync(process.execPath, ['dev/abi-gen.mjs', '--check'], { cwd: root, encoding: 'utf8' });
  assert.equal(status, 0, stderr);
});
