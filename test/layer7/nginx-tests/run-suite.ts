// Runs a file of nginx-tests beside the shim, and reads what it reports (TAP).
import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from '../../support/project.js';
import { withLineEnds } from './line-ends.js';
import { shimCommand } from './shim.js';

const SUITE = join(root, 'test/layer7/nginx-tests/suite');
const LIBRARY = 'lib/Test/Nginx.pm';

export interface SuiteResult {
  readonly passed: number;
  readonly failed: readonly string[];
  /** Why it was not run. */
  readonly skipped?: string;
  /** What it printed, for a test that fails otherwise. */
  readonly output: string;
}

const readTap = (output: string): SuiteResult => {
  const skipped = /^1\.\.0 # SKIP (.*)$/im.exec(output)?.[1];
  const lines = [...output.matchAll(/^(not )?ok \d+(?: - (.*?))?(?: # (T[A-Z]+|skip).*)?$/gm)];
  const failed = lines.flatMap(([, not, name = '', directive]) => (not !== undefined && !directive?.startsWith('T') ? [name] : []));
  const planned = Number(/^1\.\.(\d+)$/m.exec(output)?.[1] ?? 0);
  const whole = skipped !== undefined || (planned > 0 && planned === lines.length) ? [] : [`${lines.length} of ${planned} tests were run`];
  return { passed: lines.length - failed.length, failed: [...failed, ...whole], output, ...(skipped === undefined ? {} : { skipped }) };
};

/** Starts of processes have so many tenths of a second. */
const withPatience = (library: string): string => library.replaceAll('for (1 .. 50)', 'for (1 .. 600)');

export function runSuite(name: string): Promise<SuiteResult> {
  const folder = mkdtempSync(join(tmpdir(), 'weir-nginx-tests-'));
  mkdirSync(join(folder, 'lib/Test'), { recursive: true });
  writeFileSync(join(folder, LIBRARY), withLineEnds(withPatience(readFileSync(join(SUITE, LIBRARY), 'utf8'))));
  writeFileSync(join(folder, `${name}.t`), withLineEnds(readFileSync(join(SUITE, `${name}.t`), 'utf8')));
  const program = join(folder, 'nginx');
  writeFileSync(program, `#!/bin/sh\nexec ${shimCommand().join(' ')} "$@"\n`);
  chmodSync(program, 0o755);
  const env = { ...process.env, TEST_NGINX_BINARY: program, TMPDIR: folder };
  return new Promise((done) => {
    execFile('perl', [`${name}.t`], { cwd: folder, env, maxBuffer: 1 << 24 }, (_error, stdout, stderr) => {
      rmSync(folder, { recursive: true, force: true });
      done(readTap(`${stdout}\n${stderr}`));
    });
  });
}
