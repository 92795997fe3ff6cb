// weir import beside the programs themselves: the files that it reads are good for HAProxy and nginx, and the keepalived.conf that it writes is
// good for Debian's keepalived and makes the table that it means.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { noTools } from '../support/probes.js';
import { root } from '../support/project.js';

const folder = mkdtempSync(join(tmpdir(), 'weir-import-'));
after(() => rmSync(folder, { recursive: true }));
const at = (name: string): string => join(root, 'test/interop/import', name);
const run = (...argv: readonly string[]) => spawnSync(argv[0] ?? '', argv.slice(1), { encoding: 'utf8' });
const weir = (...words: readonly string[]) => run(join(root, 'bin/weir'), ...words);

test('HAProxy takes its file', { skip: noTools('haproxy', 'openssl') }, () => {
  const pem = join(folder, 'site.pem');
  const certificate = [
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
    '-subj',
    '/CN=x',
    '-keyout',
    pem,
  ];
  const made = run('openssl', ...certificate, '-out', `${pem}.crt`);
  assert.equal(made.status, 0, made.stderr);
  writeFileSync(pem, readFileSync(pem, 'utf8') + readFileSync(`${pem}.crt`, 'utf8'));
  const file = join(folder, 'haproxy.cfg');
  writeFileSync(file, readFileSync(at('haproxy.cfg'), 'utf8').replace('/etc/ssl/private/site.pem', pem));
  const judged = run('haproxy', '-c', '-f', file);
  assert.equal(judged.status, 0, judged.stderr);
});

/** `WORD +1`: it has a value. */
function keywordsOf(text: string, head: string): readonly (readonly [word: string, hasValue: boolean])[] {
  const rows = text.split('\n').filter((row) => row.startsWith(`\t${head} `));
  return rows.map((row) => {
    const [word = '', count] = row
      .slice(head.length + 2)
      .replace(/^ssl /, '')
      .split(' ');
    return [word, count !== undefined];
  });
}

test('haproxy: each keyword that HAProxy names has a line', { skip: noTools('haproxy') }, () => {
  const { stdout } = run('haproxy', '-dKcfg', '-q', '-c', '-f', '/dev/null');
  const words = (['bind <addr>', 'server <name> <addr>'] as const).flatMap((head) =>
    keywordsOf(stdout, head).map(
      ([word, hasValue]) =>
        `${head.startsWith('bind') ? 'bind 192.0.2.1:80' : 'server a 10.0.0.2:80'} ${word}${hasValue ? ' a-value' : ''}`,
    ),
  );
  const [, section = ''] = /^listen\n([\s\S]*?)^userlist$/m.exec(stdout) ?? [];
  const statements = [...section.matchAll(/^\t(?!bind |server )(\S+)(?: (?!\+)([^\s*]+))?/gm)].map(
    ([, name, more = '']) => `${name} ${more}`,
  );
  assert.ok(words.length > 150 && statements.length > 200, 'HAProxy names its keywords');
  const lines = ['listen web', ...words, ...new Set(statements)];
  const file = join(folder, 'keywords.cfg');
  writeFileSync(file, lines.join('\n'));
  const { lines: found } = JSON.parse(weir('import', 'haproxy', file, '--json').stdout) as {
    lines: readonly { line: number; status: string; consequence: string }[];
  };
  const has = new Set(found.map(({ line }) => line));
  assert.deepEqual(
    lines.filter((_, index) => !has.has(index + 1)),
    [],
  );
  assert.deepEqual(
    found.filter(({ consequence }) => consequence.includes('a-value')),
    [],
    'no value is taken for a word',
  );
});

for (const [format, file] of [
  ['haproxy', 'haproxy.cfg'],
  ['nginx-stream', 'nginx.conf'],
] as const) {
  test(`${format}: a keepalived.conf that keepalived takes, and the same table as commands`, { skip: noTools('keepalived') }, () => {
    const imported = weir('import', format, at(file), '--format', 'keepalived');
    assert.equal(imported.status, 3, imported.stderr);
    const path = join(folder, `${format}.conf`);
    writeFileSync(path, imported.stdout);
    for (const maker of ['/usr/sbin/keepalived', join(root, 'bin/keepalived')]) {
      const examined = run(maker, '-t', '-f', path);
      assert.deepEqual([examined.status, examined.stdout, examined.stderr], [0, '', ''], maker);
    }
    assert.equal(imported.stdout, readFileSync(at(`${file}.keepalived`), 'utf8'));
    const commands = weir('import', format, at(file), '--format', 'ipvsadm').stdout;
    assert.equal(commands, readFileSync(at(`${file}.ipvsadm`), 'utf8'));
    const back = weir('import', 'ipvsadm', at(`${file}.ipvsadm`), '--format', 'ipvsadm');
    assert.deepEqual([back.status, back.stdout], [0, commands], 'the same by way of commands');
    const document = join(folder, `${format}.yaml`);
    writeFileSync(document, weir('import', format, at(file)).stdout);
    const examined = weir('schema', '--check', document);
    assert.deepEqual([examined.status, examined.stderr], [0, '']);
    assert.match(readFileSync(document, 'utf8'), /TCP_CHECK/);
  });
}

test('ipvsadm: a keepalived.conf with the timeouts that keepalived takes', { skip: noTools('keepalived') }, () => {
  const file = join(folder, 'd.rules');
  writeFileSync(file, '# saved by cron\n--set 1200 0 200\n-A -t 192.0.2.1:80 -s rr\n-a -t 192.0.2.1:80 -r 10.0.0.2:80 -m -w 1\n');
  const imported = weir('import', 'ipvsadm', file, '--format', 'keepalived');
  assert.deepEqual([imported.status, imported.stderr.includes('refused')], [0, false]);
  const path = join(folder, 'timeouts.conf');
  writeFileSync(path, imported.stdout);
  for (const maker of ['/usr/sbin/keepalived', join(root, 'bin/keepalived')]) {
    const examined = run(maker, '-t', '-f', path);
    assert.deepEqual([examined.status, examined.stdout, examined.stderr], [0, '', ''], maker);
  }
  const commands = weir('import', 'ipvsadm', file, '--format', 'ipvsadm').stdout;
  assert.equal(commands, '--set 1200 0 200\n-A -t 192.0.2.1:80 -s rr\n-a -t 192.0.2.1:80 -r 10.0.0.2:80 -m -w 1\n');
});

test('what keepalived.conf cannot hold of an import is a line', () => {
  const file = join(folder, 'fullnat.rules');
  const fullnat = '-a -t 192.0.2.1:80 -r 10.0.0.2:80 --fullnat --local-address 10.0.0.1 -w 1';
  writeFileSync(file, `-A -t 192.0.2.1:80 -s rr\n${fullnat}\n-a -t 192.0.2.1:80 -r 10.0.0.3:80 -m -w 1\n`);
  const imported = weir('import', 'ipvsadm', file, '--format', 'keepalived');
  assert.equal(imported.status, 3);
  assert.match(
    imported.stderr,
    /lost: tcp:192\.0\.2\.1:80 10\.0\.0\.2:80: is lost: keepalived\.conf has no word for fullnat: .+ \(--format weir\)/,
  );
  assert.equal(weir('import', 'ipvsadm', file).status, 0);
});

test('a file of another format is refused, and nothing is on standard output', () => {
  const file = join(folder, 'proxies.cfg');
  writeFileSync(file, 'defaults\n  mode tcp\n');
  for (const [format, of] of [
    ['ldirectord', '/etc/passwd'],
    ['haproxy', '/etc/passwd'],
    ['ipvsadm', '/etc/passwd'],
    ['ldirectord', file],
    ['haproxy', file],
  ] as const)
    for (const more of [[], ['--plan'], ['--json'], ['--format', 'keepalived']]) {
      const refused = weir('import', format, of, ...more);
      assert.deepEqual([refused.status, refused.stdout], [2, ''], `${format} ${of} ${more.join(' ')}`);
      assert.match(refused.stderr, new RegExp(`${of}(:1)?: [^\n]* the format ${format}[^\n]*\n$`));
    }
});

test('--method fullnat needs --local-address, and no other method has one', () => {
  const options = (...words: readonly string[]) => weir('import', 'haproxy', at('haproxy.cfg'), ...words);
  assert.match(options('--method', 'fullnat').stderr, /--local-address \(of --method fullnat\) is missing/);
  assert.match(options('--local-address', '10.9.0.1').stderr, /--local-address: only with --method fullnat/);
  assert.match(options('--method', 'fullnat', '--local-address', '127.0.0.1').stderr, /--local-address takes up to eight/);
  assert.match(options('--method', 'fullnat', '--local-address', '10.9.0.1').stdout, /method: fullnat/);
});

test('timeouts alone leave the services of the table as they are', () => {
  const file = join(folder, 'timeouts.rules');
  writeFileSync(file, '--set 1200 60 200\n');
  const imported = weir('import', 'ipvsadm', file);
  assert.deepEqual([imported.status, imported.stdout], [0, 'timeouts:\n  tcp: 20m\n  tcp_fin: 1m\n  udp: 200s\n']);
});
