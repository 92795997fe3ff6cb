// Arguments of every wrong kind: each call either works or throws an error with code, errno and syscall, never anything
// else, and never ends the process. Once with the ordinary addon, once with one built for address and undefined-behaviour checks.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { checkout, compileObject, needsBpf } from './support.js';

/** Runs abuse.js in namespaces of its own, in an empty folder. */
function abuse(env: NodeJS.ProcessEnv): void {
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

test('any arguments', needsBpf, () => abuse({}));

test('any arguments, every memory access checked', { skip: needsBpf.skip || whyNoSanitizer() }, () => {
  execFileSync('sh', [join(checkout, 'native/build.sh')], { env: { ...process.env, ASAN: '1' }, stdio: ['ignore', 'ignore', 'inherit'] });
  abuse({
    WEIR_ADDON: join(checkout, 'dist/weir-asan.node'),
    LD_PRELOAD: libasan(),
    // node itself keeps much until it ends
    ASAN_OPTIONS: 'detect_leaks=0',
    UBSAN_OPTIONS: 'print_stacktrace=1',
  });
});

function libasan(): string {
  return spawnSync('cc', ['-print-file-name=libasan.so'], { encoding: 'utf8' }).stdout?.trim() ?? '';
}

function whyNoSanitizer(): string | false {
  return existsSync(libasan()) ? false : 'needs a C compiler with libasan';
}
