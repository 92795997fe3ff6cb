// dev/build.mjs on a project of three files: it builds only what changed, reports errors, and two builds do not mix.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'node:test';
import { breadth, test } from '../support/breadth.js';
import { root } from '../support/project.js';

let project = '';
const write = (file: string, text: string): void => writeFileSync(join(project, file), text);

beforeEach(() => {
  project = mkdtempSync(join(tmpdir(), 'weir-build-'));
  mkdirSync(join(project, 'src/cli/programs'), { recursive: true });
  cpSync(join(root, 'dev'), join(project, 'dev'), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(project, 'node_modules'));
  write('package.json', '{ "version": "7.8.9", "type": "module" }');
  write('tsconfig.json', '{ "compilerOptions": { "outDir": "build", "rootDir": ".", "types": [] }, "include": ["src"] }');
  write('src/cli/programs/weir.ts', "declare const WEIR_VERSION: string;\nconsole.log(WEIR_VERSION, 'one');\n");
  write('src/cli/programs/ipvsadm.ts', "console.log('ipvsadm');\n");
  write('src/cli/programs/daemon.ts', "console.log('daemon');\n");
  write('src/cli/programs/api.ts', "console.log('api');\n");
});
afterEach(() => rmSync(project, { recursive: true, force: true }));

const build = (...steps: string[]) => spawnSync(process.execPath, ['dev/build.mjs', ...steps], { cwd: project, encoding: 'utf8' });
const bundleSays = (...words: string[]): string =>
  spawnSync(process.execPath, ['dist/weir.cjs', ...words], { cwd: project, encoding: 'utf8' }).stdout;

test('builds once, and again only when a source changed', () => {
  assert.match(build('bundle').stderr, /^built bundle /);
  assert.equal(bundleSays(), '7.8.9 one\n');
  for (const words of [
    ['keepalived', '-n'],
    ['weir', 'run'],
    ['weir', 'keepalived'],
  ])
    assert.equal(bundleSays(...words), 'daemon\n');
  assert.equal(bundleSays('weir', 'api', 'serve'), 'api\n');
  for (const words of [['ipvsadm', '-Ln'], ['ipvsadm-save', '-n'], ['ipvsadm-restore'], ['weir', 'ipvsadm', '-C']])
    assert.equal(bundleSays(...words), 'ipvsadm\n');
  for (const words of [
    ['weir', 'reload'],
    ['weir', 'api', 'GET', '/v1'],
  ])
    assert.equal(bundleSays(...words), '7.8.9 one\n');
  assert.deepEqual([build('bundle').stderr, build('bundle').status], ['', 0]);

  write('src/cli/programs/weir.ts', "console.log('two');\n");
  utimesSync(join(project, 'src/cli/programs/weir.ts'), 1, 1);
  assert.match(build('bundle').stderr, /^built bundle /);
  assert.equal(bundleSays(), 'two\n');

  rmSync(join(project, 'dist/weir.cjs'));
  assert.match(build('bundle').stderr, /^built bundle /);

  write('dev/launcher.cjs', "console.log('launched');\n");
  assert.match(build('bundle').stderr, /^(build: weir(-ipvsadm|-daemon|-api)?\.js left no compiled form, .*\n){4}built bundle /);
  assert.equal(bundleSays(), 'launched\n');
});

breadth('an error is reported with its place, the last good output stays, and the next build tries again', () => {
  build('bundle');
  write('src/cli/programs/weir.ts', "import './absent.js';\n");
  for (let time = 0; time < 2; time += 1) {
    const { status, stderr } = build('bundle');
    assert.equal(status, 1);
    assert.match(stderr, /^build: bundle failed\n[\s\S]*src\/cli\/main\.ts:1:\d+.*absent\.js/m);
  }
  assert.equal(bundleSays(), '7.8.9 one\n');
});

test('a step that fails does not stop the other steps', () => {
  const { status, stderr } = build('native', 'bundle');
  assert.equal(status, 1);
  assert.match(stderr, /build: native failed/);
  assert.equal(bundleSays(), '7.8.9 one\n');
});

test('objects of the kernel are replaced together: of a build that fails none is there', () => {
  const sources = ['filters', 'director'].flatMap((folder) =>
    readdirSync(join(root, 'bpf', folder)).flatMap((name) => (name.endsWith('.bpf.c') ? [`bpf/${folder}/${name}`] : [])),
  );
  for (const folder of ['filters', 'director']) mkdirSync(join(project, 'bpf', folder), { recursive: true });
  cpSync(join(root, 'bpf/compile_flags.txt'), join(project, 'bpf/compile_flags.txt'));
  const define = (text: string): void => {
    for (const file of sources) write(file, `int ${text};\n`);
  };
  const built = () =>
    readdirSync(join(project, 'dist'))
      .filter((name) => name.endsWith('.o'))
      .map((name) => /word_\w+/.exec(readFileSync(join(project, 'dist', name), 'latin1'))?.[0]);
  const all = (text: string) => Array.from(sources, () => text);
  define('word_one');
  assert.match(build('bpf').stderr, /^build bpf, which takes minutes\nbuilt bpf /);
  assert.deepEqual(built(), all('word_one'));
  define('word_two');
  write('bpf/director/apply-fullnat6.bpf.c', 'no C\n');
  assert.equal(build('bpf').status, 1);
  assert.deepEqual(built(), all('word_one'));
  define('word_two');
  assert.equal(build('bpf').status, 0);
  assert.deepEqual(built(), all('word_two'));
  assert.equal(existsSync(join(project, 'dist/.bpf')), false);
});

breadth('a compiled file is removed with its source', () => {
  write('src/gone.ts', 'export const gone = 1;\n');
  assert.equal(build('types').status, 0);
  assert.ok(existsSync(join(project, 'build/src/gone.js')));
  rmSync(join(project, 'src/gone.ts'));
  assert.equal(build('types').status, 0);
  assert.equal(existsSync(join(project, 'build/src/gone.js')), false);
});

test('an unknown step is refused', () => {
  assert.deepEqual(
    [build('bundel').status, build('bundel').stderr],
    [1, 'build: no such step: bundel (there are: native bpf types bundle web)\n'],
  );
});

test('the lock of a dead build is taken over, that of a living one is waited for', async () => {
  mkdirSync(join(project, 'dist'));
  const dead = spawnSync('true').pid;
  write('dist/.lock', `${dead}`);
  assert.equal(build('bundle').status, 0);
  assert.equal(existsSync(join(project, 'dist/.lock')), false);

  const living = spawn('cat', { stdio: ['pipe', 'ignore', 'ignore'] });
  write('dist/.lock', `${living.pid}`);
  write('src/cli/programs/weir.ts', "console.log('waited');\n");
  const waiting = spawn(process.execPath, ['dev/build.mjs', 'bundle'], { cwd: project, stdio: 'ignore' });
  const ended = once(waiting, 'exit');
  assert.equal(readFileSync(join(project, 'dist/.lock'), 'utf8'), `${living.pid}`);
  assert.equal(bundleSays(), '7.8.9 one\n');
  living.stdin.end();
  assert.deepEqual(await ended, [0, null]);
  assert.equal(bundleSays(), 'waited\n');
});
