// dev/test.mjs on a project of a few tests: what it chooses, how little a failing test prints, and the counts that it ends with.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { breadth, test } from '../support/breadth.js';
import { root } from '../support/project.js';

let project = '';
const read = (file: string): string => readFileSync(join(project, file), 'utf8');

beforeEach(() => {
  project = mkdtempSync(join(tmpdir(), 'weir-test-'));
  cpSync(join(root, 'dev'), join(project, 'dev'), { recursive: true });
  writeFileSync(join(project, 'package.json'), '{ "type": "module" }');
});
afterEach(() => rmSync(project, { recursive: true, force: true }));

/** A compiled test file: statements behind the usual imports. */
function write(file: string, ...statements: readonly string[]): void {
  const path = join(project, 'build', file);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, ["import assert from 'node:assert/strict';", "import { test } from 'node:test';", ...statements].join('\n'));
}

function runTests(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const { NODE_TEST_CONTEXT: _, CI: __, ...inherited } = process.env as Readonly<Record<string, string>>;
  const { status, stdout, stderr } = spawnSync(process.execPath, ['dev/test.mjs', ...args], {
    cwd: project,
    encoding: 'utf8',
    env: { ...inherited, ...env },
  });
  const lines = stdout.split('\n').map((line) => line.replace(/^ℹ /, ''));
  return { status, stdout, stderr, lines, counts: lines.slice(-9, -2).join(', ') };
}

const counts = (tests: number, pass: number, fail: number): string =>
  `tests ${tests}, suites 0, pass ${pass}, fail ${fail}, cancelled 0, skipped 0, todo 0`;

test('a failing test prints 200 lines at most, before the counts, and names the file with the rest', () => {
  write(
    'test/big.test.js',
    "const texts = (word) => Array.from({ length: 400 }, (_, at) => [word + at, 'x'.repeat(1_500), { at: { at: { at } } }].concat('a\\nb'));",
    "test('small', () => assert.equal(1, 2));",
    "test('great', () => {",
    "  for (let line = 0; line < 1_000; line += 1) console.log('output', line);",
    "  assert.deepEqual(texts('one '), texts('another '));",
    '});',
    "test('deep', () => {",
    '  const fall = (left) => { if (left === 0) throw new Error(Array(500).fill("words").join("\\n")); fall(left - 1); };',
    '  Error.stackTraceLimit = 300;',
    '  fall(250);',
    '});',
  );
  const { status, stdout, lines, counts: last } = runTests([]);
  assert.equal(status, 1);
  assert.equal(last, counts(3, 0, 3));
  assert.ok(lines.length < 3 * 200, `${lines.length} lines`);
  assert.ok(Math.max(...lines.map((line) => line.length)) < 1_100);
  assert.ok(stdout.indexOf('failing tests:') < stdout.indexOf('ℹ tests 3'));
  const parts = stdout.slice(stdout.indexOf('failing tests:')).split(/^test at /m);
  assert.deepEqual(
    parts.slice(1).map((part) => part.split('\n')[0]),
    ['build/test/big.test.js:4:1', 'build/test/big.test.js:5:1', 'build/test/big.test.js:9:1'],
  );
  assert.match(parts[1] ?? '', /✖ small .*\n.*Expected values to be strictly equal:[\s\S]*1 !== 2[\s\S]*big\.test\.js:4/);
  assert.doesNotMatch(parts[1] ?? '', /all of it/);
  assert.match(
    parts[2] ?? '',
    /strictly deep-equal[\s\S]*big\.test\.js:7[\s\S]*more lines\n {2}all of it: build\/test-output\/build-test-big\.test\.js\.txt/,
  );
  assert.match(parts[3] ?? '', /words[\s\S]*… 4\d\d more lines\n {6}at fall .*big\.test\.js:10[\s\S]*all of it: /);
  const whole = read('build/test-output/build-test-big.test.js.txt');
  for (const text of ['output 999\n', '1 !== 2', "'another 399'", 'words\n'.repeat(499)]) assert.ok(whole.includes(text), text);
});

test('places of a failure are those of the source', () => {
  write('src/mapped.test.js', "test('one', () => {", '  assert.fail();', '});');
  // Its lines are those of the source, ten lines further down.
  const mappings = ['AAUA', ...Array.from({ length: 9 }, () => 'AACA')].join(';');
  const map = { version: 3, file: 'mapped.test.js', sourceRoot: '', sources: ['../../src/mapped.test.ts'], names: [], mappings };
  writeFileSync(join(project, 'build/src/mapped.test.js.map'), JSON.stringify(map));
  const { stdout } = runTests([]);
  assert.match(stdout, /^test at src\/mapped\.test\.ts:13:1$/m);
  assert.match(stdout, /^ +at TestContext\.<anonymous> \(\S+\/src\/mapped\.test\.ts:14:1\)$/m);
  assert.doesNotMatch(stdout, /mapped\.test\.js:\d/);
});

test('a file that cannot be loaded fails, with what it printed', () => {
  write('bench/broken.test.js', "import './absent.js';");
  write('bench/whole.test.js', "test('whole', () => {});");
  const { status, stdout, counts: last } = runTests([]);
  assert.equal(status, 1);
  assert.match(stdout, /Cannot find module .*absent\.js/);
  assert.equal(last, counts(2, 1, 1));
});

test('a file without tests fails, and so does one that ends before its tests', () => {
  write('bench/empty.test.js');
  write(
    'bench/left.test.js',
    "test('whole', () => new Promise((done) => setTimeout(done, 50)));",
    "test('half', () => new Promise((done) => setTimeout(done, 50)).then(() => process.exit(0)));",
    "test('never', () => assert.fail());",
  );
  const { status, stdout, counts: last } = runTests([]);
  assert.equal(status, 1);
  assert.match(stdout, /✖ \S+\/empty\.test\.js .*\n {2}'it ended without a test'/);
  assert.match(stdout, /✖ \S+\/left\.test\.js .*\n {2}'it ended before 2 of its tests did'/);
  assert.equal(last, counts(3, 1, 2));
});

test('small files share a process, but not with one that has hooks; each must have a test, and a failure is its own', () => {
  write('src/model/one.test.js', "test('passes', () => {});", "test('its own failure', () => assert.fail('here'));");
  write('src/wire/other.test.js', "test('passes', () => {});");
  write('src/wire/empty.test.js');
  write('src/wire/hooks.test.js', "test('passes', () => {});", "const text = 'afterEach(';");
  const { status, stdout, counts: last } = runTests([]);
  assert.equal(status, 1);
  assert.equal(last, counts(5, 3, 2));
  assert.match(stdout, /✖ \S+\/empty\.test\.js .*\n {2}'it ended without a test'/);
  assert.match(stdout, /test at build\/src\/model\/one\.test\.js:4:1\n✖ its own failure/);
  assert.deepEqual(read('build/test-groups/1.mjs').match(/[a-z]+\.test\.js/g), ['one.test.js', 'empty.test.js', 'other.test.js']);
});

test('a file whose process is ended fails with the signal or the status, and with what ran then', () => {
  const ending = (how: string): string => `test('ends', () => new Promise((done) => setTimeout(done, 50)).then(() => ${how}));`;
  write(
    'bench/crashed.test.js',
    "test('outer', async (t) => {",
    "  await t.test('first', () => {});",
    "  await t.test('second', () => new Promise((done) => setTimeout(done, 50)).then(() => process.kill(process.pid, 'SIGSEGV')));",
    '});',
    "test('never', () => {});",
  );
  write('bench/left.test.js', "test('bad', () => assert.fail('bad')); ", ending('process.exit(143)'));
  write('bench/stopped.test.js', ending("process.kill(process.pid, 'SIGKILL')"));
  const { status, stdout, counts: last } = runTests([]);
  assert.equal(status, 1);
  const failures = stdout.slice(stdout.indexOf('failing tests:'));
  for (const [file, why] of [
    ['crashed', 'its process was ended by SIGSEGV, while “outer” › “second” ran, before 2 of its tests ended'],
    ['left', 'its process ended with status 143, as one that got SIGTERM, while “ends” ran, before 1 of its tests ended'],
    ['stopped', 'its process was ended by SIGKILL, while “ends” ran, before 1 of its tests ended'],
  ] as const)
    assert.match(failures, new RegExp(`✖ \\S+/${file}\\.test\\.js .*\\n {2}'${why}`));
  assert.match(failures, /✖ bad /);
  assert.equal(last, counts(5, 1, 4));
});

for (const signal of ['SIGINT', 'SIGTERM'] as const)
  test(`a run that is stopped by ${signal} ends when its files have taken down what they made`, async () => {
    write(
      'src/maker.test.js',
      "import { writeFileSync } from 'node:fs';",
      "process.on('SIGTERM', () => setTimeout(() => { writeFileSync('taken-down', ''); process.exit(143); }, 500));",
      "test('stays', () => new Promise(() => { writeFileSync('made', ''); setInterval(() => {}, 1000); }));",
    );
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    const child = spawn(process.execPath, ['dev/test.mjs'], { cwd: project, env, stdio: 'ignore' });
    const ended = once(child, 'exit');
    while (!existsSync(join(project, 'made'))) await pause(50);
    child.kill(signal);
    assert.deepEqual(await ended, [signal === 'SIGINT' ? 130 : 143, null]);
    assert.ok(existsSync(join(project, 'taken-down')));
  });

test('long tests run only with --long; words choose among either', () => {
  write('src/short.test.js', "test('short', () => {});");
  write('test/soak.long.test.js', "test('long', () => {});");
  const [short, long] = [runTests([]), runTests(['--long'])];
  assert.match(short.stdout, /✔ short/);
  assert.doesNotMatch(short.stdout, /✔ long/);
  assert.match(long.stdout, /✔ long/);
  assert.doesNotMatch(long.stdout, /✔ short/);
  assert.deepEqual([short.status, long.status, short.counts, long.counts], [0, 0, counts(1, 1, 0), counts(1, 1, 0)]);
  const { status, stderr } = runTests(['soak']);
  assert.deepEqual([status, stderr], [1, 'no test file has soak in its path (1 with --long)\n']);
});

test('of a file with breadth the short run has the tests, the long one the rest', () => {
  cpSync(join(root, 'build/test/support/breadth.js'), join(project, 'build/test/support/breadth.js'));
  const file = join(project, 'build/test/wide.test.js');
  writeFileSync(
    file,
    "import { breadth, test } from './support/breadth.js';\ntest('rule', () => {});\nfor (const k of [1, 2]) breadth('variant ' + k, { skip: false }, () => {});",
  );
  const [short, long] = [runTests([]), runTests(['--long'])];
  assert.deepEqual([short.status, long.status, short.counts, long.counts], [0, 0, counts(1, 1, 0), counts(2, 2, 0)]);
  assert.match(short.stdout, /✔ rule/);
  assert.match(long.stdout, /✔ variant 2/);
  writeFileSync(file, "import { breadth } from './support/breadth.js';\nbreadth('variant', () => assert.equal(1, 2));");
  assert.deepEqual([runTests(['--long', 'wide']).status, runTests(['wide']).status], [1, 1]);
});

breadth('files that have not begun in time are named, and counted as skipped', () => {
  write('test/first.test.js', "test('slow', () => new Promise((done) => setTimeout(done, 1_500)));");
  write('test/second.test.js', "test('never', () => assert.fail());");
  const { status, stdout, counts: last } = runTests(['--begin-within', '1']);
  assert.equal(status, 0);
  assert.match(stdout, /not begun within 1 s, so skipped:\n {2}build\/test\/second\.test\.js\n\n/);
  assert.equal(last, 'tests 2, suites 0, pass 1, fail 0, cancelled 0, skipped 1, todo 0');
  const late = runTests(['--begin-within=-1']);
  assert.deepEqual([late.status, late.counts], [0, 'tests 2, suites 0, pass 0, fail 0, cancelled 0, skipped 2, todo 0']);
  assert.match(runTests(['--begin-within', 'soon']).stderr, /--begin-within needs seconds, not soon/);
});

test('a skip without a named probe is a failure, and where CI runs every skip but those that a machine cannot help', () => {
  write(
    'src/skipped.test.js',
    "import { describe } from 'node:test';",
    "test('one', { skip: 'probe root: this needs root' }, () => {});",
    "test('another', (t) => t.skip('probe clangs: the PATH has one clang only'));",
    "describe('several', { skip: 'probe tools: no nft here' }, () => test('within', () => {}));",
    "test('good', () => {});",
  );
  const [here, inCi] = [runTests([]), runTests([], { CI: 'true' })];
  assert.deepEqual([here.status, here.counts], [0, 'tests 3, suites 1, pass 1, fail 0, cancelled 0, skipped 2, todo 0']);
  assert.deepEqual([inCi.status, inCi.counts], [1, 'tests 3, suites 1, pass 1, fail 2, cancelled 0, skipped 1, todo 0']);
  assert.match(inCi.stdout, /✖ several .*\n {2}'skipped, but probe tools must not fail where CI=true: probe tools: no nft here'/);
  write('src/skipped.test.js', "test('one', { skip: 'needs root' }, () => {});", "test('good', () => {});");
  const { status, stdout } = runTests([]);
  assert.equal(status, 1);
  assert.match(stdout, /✖ one .*\n {2}'skipped, but its reason is no “probe NAME: what is missing”: needs root'/);
});

breadth('the slowest files, slowest first, and the end of each round', () => {
  write('bench/quick.test.js', "test('quick', () => {});");
  write('bench/slow.test.js', "test('slow', () => new Promise((done) => setTimeout(done, 6_000)));");
  const { stdout } = runTests(['--slowest']);
  assert.match(stdout, /slowest files:\n.* s {2}together {2}build\/bench\/slow\.test\.js\n.*quick\.test\.js\n/);
  assert.match(stdout, /ends of the rounds:\n +\d+\.\d s {2}together\n\n/);
});

breadth('two runs that count into one file end with the failures of the first, and the sums', () => {
  write('src/good.test.js', "test('good', () => {}); test('better', () => {});");
  write('src/bad.test.js', "test('bad', () => assert.fail());");
  const file = { WEIR_TEST_COUNTS: join(project, 'counts') };
  const first = runTests(['bad'], file);
  assert.deepEqual([first.status, first.counts], [1, counts(1, 0, 1)]);
  assert.ok(existsSync(join(project, 'counts')));
  const second = runTests(['good'], file);
  assert.deepEqual([second.status, second.counts], [0, counts(3, 2, 1)]);
  assert.match(
    second.stdout,
    /ℹ tests 2\n[\s\S]*with the runs before:\n\n✖ failing tests:\n\ntest at .*bad\.test[\s\S]*✖ bad [\s\S]*ℹ tests 3\n/,
  );
  const third = runTests(['good'], file);
  assert.equal(third.stdout.match(/^✖ bad /gm)?.length, 1);
});

test('a file whose tests have ended is not waited for until its time is over', () => {
  const runner = join(project, 'dev/test.mjs');
  const text = readFileSync(runner, 'utf8');
  writeFileSync(runner, text.replace('LINGER_MS = 60_000', 'LINGER_MS = 500'));
  assert.notEqual(readFileSync(runner, 'utf8'), text);
  write(
    'test/held.test.js',
    "import { createServer } from 'node:net';",
    "test('holds', () => void createServer().listen(0, '127.0.0.1'));",
  );
  write('test/slow.test.js', "test('slow', () => new Promise((done) => setTimeout(done, 2000)));", "test('next', () => {});");
  const { status, stdout, counts: last } = runTests([]);
  assert.equal(status, 1);
  assert.equal(last, 'tests 4, suites 0, pass 3, fail 0, cancelled 1, skipped 0, todo 0');
  assert.match(stdout, /held\.test\.js .*\n.*it went on after its last test, and was ended/);
});
