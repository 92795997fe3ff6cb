// Runs abuse.js: each call with arguments of every wrong kind either works or throws an error with code, errno and syscall, never
// anything else, and never ends the process.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compileObject } from './support.js';

/** Runs abuse.js in namespaces of its own, in an empty folder. */
export function abuse(env: NodeJS.ProcessEnv): void {
  const object = compileObject();
  const folder = mkdtempSync(join(tmpdir(), 'weir-abuse-'));
  try {
    const script = fileURLToPath(new URL('./abuse.js', import.meta.url));
    const { status, signal, stdout, stderr } = spawnSync(
      'unshare',
      ['--net', '--mount', process.execPath, '--expose-gc', script, object.path],
      { cwd: folder, encoding: 'utf8', env: { ...process.env, ...env }, maxBuffer: 1 << 26 },
    );
    assert.deepEqual({ status, signal }, { status: 0, signal: null }, `${stdout}${stderr}`.slice(-4000));
    // its own output is one of the descriptors it abuses
    assert.match(stdout, /survived \d+ calls\n$/);
  } finally {
    rmSync(folder, { recursive: true });
    object.remove();
  }
}
