// ansible-lint on the collection, without the network.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { noTools } from '../support/probes.js';
import { withCollection } from './collection.js';

test('ansible-lint finds nothing', { skip: noTools('ansible-lint') }, () => {
  const { status, stdout, stderr } = withCollection((cwd, env) =>
    spawnSync('ansible-lint', ['--offline', '--nocolor'], { cwd, env, encoding: 'utf8' }),
  );
  assert.equal(status, 0, stdout + stderr);
});
