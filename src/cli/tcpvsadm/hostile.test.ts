// tcpvsadm with words that make no sense, and files that were damaged: each command ends with a line and a status, and what it wrote is read again, listed and served.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import fc from '../../../test/support/properties.js';
import { readWeirFile } from '../../config/weir/read.js';
import { memoryIo } from '../io.js';
import { SystemNames } from '../names/resolver.js';
import { runTcpvsadm } from './run.js';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'weir-tcpvsadm-hostile-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A name server that answers nothing. */
const names = new SystemNames(['127.0.0.1:9']);

async function tcpvsadm(args: readonly string[]): Promise<{ readonly status: number; readonly out: string; readonly err: string }> {
  const io = memoryIo();
  const status = await runTcpvsadm(args, io, { folder, own: () => [], names });
  return { status, out: io.stdout, err: io.stderr };
}

const words = (line: string): readonly string[] => line.split(' ');

async function all(...lines: readonly string[]): Promise<void> {
  for (const line of lines) assert.deepEqual(await tcpvsadm(words(line)), { status: 0, out: '', err: '' }, line);
}

const served = () => readWeirFile(readFileSync(join(folder, 'tcpvsadm.yaml'), 'utf8'));

test('odd words are refused with a line', async () => {
  await all('-A -i web', '-a -i web -r 10.0.0.1:80');
  const refused = {
    '-': 2,
    '--': 2,
    '--=x': 2,
    '-A': 2,
    '-A -i': 2,
    '-A -i=web2!': 2,
    '--help=1': 2,
    '--constructor': 2,
    '--__proto__=1': 2,
    '-Ai': 2,
    '-A -i w -l :80': 2,
    '-A -i w -l 127.0.0.1:0': 2,
    '-A -i w -l [::1]:80': 2,
    '-A -i w -P 80x': 2,
    '-A -i w -P 65535': 2,
    '-A -i sixteen-letters0': 2,
    '-a -i web -r 10.0.0.1:99999': 2,
    '-a -i web -r no-such-host.invalid:80': 2,
    '-a -i web -r 10.0.0.2 -w -1': 2,
    '-a -i web -r 10.0.0.2 -w 1e3': 2,
    '--add-rule -i web -r 10.0.0.1:80 -p a"b': 1,
    '--add-rule -i web -r 10.0.0.1:80 -p (': 1,
    '--add-rule -i web -r 10.0.0.1:80 -p (((a{9}){999}){999}){999}': 1,
    '--add-rule -i web -r 10.0.0.1:80 -p a -m 10': 2,
    '-f /nowhere/at/all': 2,
    '-f .': 2,
    '-L -i __proto__': 1,
  };
  for (const [line, status] of Object.entries(refused)) {
    const found = await tcpvsadm(words(line));
    assert.match(found.err, /^tcpvsadm: [^\n]+\n$/, line);
    assert.deepEqual([found.status > 0, found.out], [true, ''], line);
    if (!line.startsWith('-f')) assert.equal(found.status, status, `${line}: ${found.err}`);
  }
  for (const empty of ['', ' ', '\0', '\n', 'ä', '../x'])
    assert.equal((await tcpvsadm(['-A', '-i', empty])).status, 2, JSON.stringify(empty));
});

test('a name of an object is a name, and two virtual services never share a pool', async () => {
  await all(
    '-A -i __proto__ -s wlc -l 127.0.0.1:81',
    '-a -i __proto__ -r 10.0.0.1:80',
    '-A -i a -l 127.0.0.1:82',
    '-a -i a -r 10.0.0.2:80',
    '--add-rule -i a -p ^/x -r 10.0.0.2:80',
    '-A -i a_1 -s wlc -l 127.0.0.1:83',
    '-a -i a_1 -r 10.0.0.3:80',
    '--start',
  );
  const { file, faults } = served();
  assert.deepEqual(faults, []);
  assert.deepEqual(
    file.layer7?.pools.map(({ name, servers }) => [name, servers[0]?.name]),
    [
      ['a_1', '10.0.0.3:80'],
      ['a_1_', '10.0.0.2:80'],
      ['__proto__', '10.0.0.1:80'],
    ],
  );
});

test('requests of no rule are redirected where the datapath has the rules, too; of two rules for all the first one counts', async () => {
  const file = join(folder, 'file');
  const server = 'server = 10.0.0.1:80\n  server = 10.0.0.2:80\n';
  writeFileSync(
    file,
    `virtual a {\n  listen = 127.0.0.1:81\n  ${server}  redirect = 127.0.0.1:9\n  rule = pattern "^/x/" use server 10.0.0.1:80\n  # way = switch\n}\n` +
      `virtual b {\n  listen = 127.0.0.1:82\n  ${server}  rule = pattern "^/.*" use server 10.0.0.1:80\n  rule = pattern ".*" use server 10.0.0.2:80\n}\n`,
  );
  await all(`-f ${file}`);
  const left = "tcpvsadm: left to the proxy: a, /: an answer of its own is the proxy's\n";
  assert.deepEqual(await tcpvsadm(['--start']), { status: 0, out: '', err: left });
  const hosts = served().file.layer7?.hosts ?? [];
  const actions = hosts.map(({ routes }) =>
    routes.map(({ match: { path }, action }) => [path.kind === 'prefix' ? path.path : '', action.kind]),
  );
  assert.deepEqual(actions, [
    [['/', 'pool']],
    [
      ['/x/', 'pool'],
      ['/', 'redirect'],
    ],
  ]);
});

test('a table that was edited is refused by its line, also with a name that nothing resolves', async () => {
  await all('-A -i web');
  const path = join(folder, 'tcpvsadm.conf');
  const text = readFileSync(path, 'utf8');
  const edits = {
    'listen = no-such-host.invalid:80': 'is no address with a port',
    'listen = 10.0.0.1': 'has no port',
    'redirect = 10.0.0.1': 'has no port',
    'listen =': 'is no address with a port',
    'server = 10.0.0.1:80 99999': 'a weight is',
    'startservers = 1e9': 'is a number',
    'rule = pattern "x" match 99 use server 10.0.0.1:80': 'is none of the virtual service',
    'virtual other {': 'has no }',
    '\0': 'KEY = VALUE',
  };
  for (const [edit, expected] of Object.entries(edits)) {
    writeFileSync(path, text.replace('scheduler = http', `scheduler = http\n${edit}`));
    for (const args of [['-L'], ['-L', '-n'], ['--start'], ['-A', '-i', 'x']]) {
      const { status, err } = await tcpvsadm(args);
      assert.equal(status, 2, `${edit}: ${err}`);
      assert.match(err, new RegExp(`^tcpvsadm: .*tcpvsadm\\.conf:\\d+: .*${expected}.*\\n$`), edit);
    }
  }
  rmSync(path);
  mkdirSync(path);
  assert.deepEqual([(await tcpvsadm(['-L'])).status, (await tcpvsadm(['-A', '-i', 'x'])).status], [1, 1]);
});

const WORDS = [
  ...[
    '-A',
    '-E',
    '-D',
    '-F',
    '-a',
    '-e',
    '-d',
    '--add-rule',
    '--del-rule',
    '-L',
    '--start',
    '--stop',
    '-h',
    '-n',
    '--way',
    'switch',
    'proxy',
  ],
  ...[
    '-i',
    'web',
    'a',
    'a_1',
    '-r',
    '10.0.0.1:80',
    '10.0.0.2',
    '-w',
    '0',
    '7',
    '-s',
    'wlc',
    'http',
    'hhttp',
    'chttp',
    '-l',
    '127.0.0.1:81',
  ],
  ...[
    '-P',
    '80',
    '-p',
    '.*',
    '^/.*',
    '^/a/(.*)',
    '\\',
    '(',
    '"',
    ' ',
    '',
    '-m',
    '1',
    '--',
    '-',
    '=',
    'ä\r',
    '--ident=a',
    '--pattern=^/b',
    '\0',
  ],
];
const COMMON = [words('-A -i web'), words('-a -i web -r 10.0.0.1:80'), words('--add-rule -i web -p .* -r 10.0.0.1:80'), words('--start')];

test('commands of any words: one line of what is wrong, and a table that is read and served', async () => {
  const command = fc.oneof(
    { weight: 1, arbitrary: fc.constantFrom(...COMMON) },
    { weight: 3, arbitrary: fc.array(fc.constantFrom(...WORDS), { maxLength: 9 }) },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(command, { maxLength: 8 }), async (commands) => {
      for (const args of commands) {
        const { status, err } = await tcpvsadm(args);
        assert.ok(
          status === 0 || ((status === 1 || status === 2) && /^tcpvsadm: [^\n]+\n$/.test(err)),
          JSON.stringify([args, status, err]),
        );
        assert.equal((await tcpvsadm(['-L', '-n'])).status, 0, JSON.stringify(args));
      }
      if ((await tcpvsadm(['--stop'])).status === 0) assert.deepEqual(served().faults, []);
      assert.equal((await tcpvsadm(['-F'])).status, 0);
    }),
    { numRuns: 150 },
  );
});
