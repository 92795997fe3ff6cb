// Arguments of every wrong kind, to an addon built for address and undefined-behaviour checks.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { probe, type Skip } from '../support/probes.js';
import { abuse } from './abuse-runs.js';
import { checkout, needsBpf } from './support.js';

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

function whyNoSanitizer(): Skip {
  return probe('sanitizer', existsSync(libasan()), 'this needs a C compiler with libasan');
}
