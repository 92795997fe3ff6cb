import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { read, root } from '../../../test/support/project.js';
import { readWeirFile } from '../../config/weir/read.js';
import { switchPlan } from '../../control/layer7/switch/switch-plan.js';
import type { Address } from '../../model/address.js';
import { parseAddress } from '../../model/address-text.js';
import type { Subnet } from '../../model/subnet.js';
import { parseSubnet } from '../../model/subnet-text.js';
import { memoryIo } from '../io.js';
import { NeedsHost, SystemNames } from '../names/resolver.js';
import { runTcpvsadm } from './run.js';

let folder = '';
const ADDRESS = parseSubnet('192.0.2.1/24') ?? assert.fail('a subnet');
const own = (): readonly Subnet[] => [ADDRESS];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'weir-tcpvsadm-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** What a command prints; of a failure the line, with the status in front. */
async function tcpvsadm(line: string): Promise<string> {
  const io = memoryIo();
  const status = await runTcpvsadm(
    line.split(' ').filter((word) => word !== ''),
    io,
    { folder, own, names: new SystemNames() },
  );
  return status === 0 ? io.stdout : `${status} ${io.stderr.replace(/ — fix.*/, '').trim()}`;
}

async function all(lines: string): Promise<void> {
  for (const line of lines.trim().split('\n')) assert.equal(await tcpvsadm(line.trim()), '', line);
}

const served = () => readWeirFile(readFileSync(join(folder, 'tcpvsadm.yaml'), 'utf8'));

test("the manual's example is listed as KTCPVS lists it, and is served by the same rules", async () => {
  await all(`
    -A -i web -s http -P 80
    -a -i web -r 192.168.10.1:80
    -a -i web -r 192.168.10.2:80
    -a -i web -r 192.168.10.3:80 -w 0
    --add-rule -i web --pattern=.* -r 192.168.10.3:80
    --add-rule -i web --pattern=^/images/ -r 192.168.10.2:80
    --add-rule -i web -p ^/cgi-bin/ -r 192.168.10.1:80
    -e -i web -r 192.168.10.1:80 -w 7`);
  const listed = `Virtual web {
    listen = 0.0.0.0:80
    scheduler = http
    startservers = 8
    maxclients = 256
    minspareservers = 6
    maxspareservers = 18
    server = 192.168.10.3:80 0
    server = 192.168.10.2:80 1
    server = 192.168.10.1:80 7
    rule = pattern "^/cgi-bin/" use server 192.168.10.1:80
    rule = pattern "^/images/" use server 192.168.10.2:80
    rule = pattern ".*" use server 192.168.10.3:80
}
`;
  assert.equal(await tcpvsadm('-L -n -i web'), listed);
  assert.equal(await tcpvsadm('-L -n'), `TCP Virtual Server version 0.0.18\n${listed}`);
  assert.deepEqual(served().file.layer7?.listeners, [], 'nothing is started');
  await all('--start');
  const { file, faults } = served();
  assert.deepEqual(faults, []);
  assert.deepEqual(
    file.layer7?.hosts[0]?.routes.map(({ match: { path }, action }) => [path.kind, action.kind === 'pool' ? action.pool : '']),
    [
      ['expression', 'web_1'],
      ['expression', 'web_2'],
      ['prefix', 'web_3'],
    ],
  );
  assert.deepEqual(
    file.layer7?.pools.map(({ servers: [one], balance }) => [one?.name, one?.weight, one?.down, balance.kind]),
    [
      ['192.168.10.1:80', 7, false, 'least_conn'],
      ['192.168.10.2:80', 1, false, 'least_conn'],
      ['192.168.10.3:80', 1, true, 'least_conn'],
    ],
  );
  await all('--stop -i web');
  assert.deepEqual(served().file.layer7?.listeners, []);
});

test('a file is loaded, and what is written is the same when it is loaded again', async () => {
  await all(`-f ${join(root, 'examples/layer7/ktcpvs/tcpvs.conf')}`);
  const listed = await tcpvsadm('-L -n');
  assert.match(
    listed,
    /^TCP[^\n]*\nVirtual users \{[\s\S]*rule = pattern "\/users\/\(\[\^\/\]\+\)\/\.\*" match 1 use server[\s\S]*Virtual web \{[\s\S]*redirect = 127\.0\.0\.1:9000/,
  );
  await all('--start');
  const { layer7 } = served().file;
  assert.deepEqual(
    layer7?.pools.map(({ name, balance, servers }) => `${name} ${balance.kind} ${servers.length}`),
    ['users_1 sum 2', 'web_1 least_conn 1', 'web_2 least_conn 1', 'web_3 least_conn 1'],
  );
  assert.deepEqual(
    layer7?.hosts.map(({ routes }) => routes.at(-1)?.action.kind),
    ['status', 'pool'],
  );
  assert.equal(await tcpvsadm('-L -n'), listed);
  assert.ok(read('examples/layer7/ktcpvs/tcpvs.conf').startsWith('#'));
});

test('chttp binds by an id that is no counter; a virtual service without rules redirects', async () => {
  await all(`
    -A -i a -s chttp -l 127.0.0.1:81
    -a -i a -r 10.0.0.1
    -A -i b -l 127.0.0.1:82
    --start`);
  const { layer7 } = served().file;
  const pool = layer7?.pools[0];
  assert.deepEqual([pool?.persistence?.kind, pool?.servers[0]?.name], ['cookie', '10.0.0.1:81']);
  assert.deepEqual(
    layer7?.hosts.map(({ label, routes }) => [label, routes[0]?.action.kind]),
    [
      ['host 1', 'status'],
      ['host 2', 'pool'],
    ],
  );
});

test("what is refused, in KTCPVS's words, changes nothing", async () => {
  await all('-A -i web\n-a -i web -r 10.0.0.1:80\n--add-rule -i web -p x -r 10.0.0.1:80');
  const before = await tcpvsadm('-L -n');
  const refusals = {
    '-A -i web': '1 tcpvsadm: Service already exists',
    '-A -i w -s rr': '1 tcpvsadm: Scheduler not found',
    '-D -i no': '1 tcpvsadm: No such service',
    '-a -i no -r 10.0.0.1:80': '1 tcpvsadm: Service not defined',
    '-a -i web -r 10.0.0.1:80': '1 tcpvsadm: Destination already exists',
    '-e -i web -r 10.0.0.2:80': '1 tcpvsadm: No such destination',
    '-d -i web -r 10.0.0.1:80': '1 tcpvsadm: Destination is busy',
    '-L -i no': '1 tcpvsadm: No such service',
    '--add-rule -i web -p y -r 10.0.0.1:80': '1 tcpvsadm: The destination is in a rule already',
    '-a -i web': "2 tcpvsadm: You need to supply the 'real-server' option for the 'add-server' command",
    '-F -i web': "2 tcpvsadm: Illegal 'ident' option with the 'flush' command",
    '-A -D': '2 tcpvsadm: multiple commands specified',
    '-a -i web -r 10.0.0.2:80 -w 65536': '2 tcpvsadm: illegal weight specified',
    '-A -i x -P 0': '2 tcpvsadm: illegal server port specified',
    '-a -i web -r 10.0.0.300:80x': '2 tcpvsadm: illegal address:port specified',
    '-L extra': '2 tcpvsadm: unknown arguments found in command line',
    '-z': '2 tcpvsadm: invalid option -z',
  };
  for (const [line, expected] of Object.entries(refusals)) assert.equal(await tcpvsadm(line), expected, line);
  assert.match(await tcpvsadm('--add-rule -i web -p (a)\\1 -r 10.0.0.1:80'), /^1 tcpvsadm: The/);
  assert.equal(await tcpvsadm('-L -n'), before);
});

test('a file of another program is not overwritten, and a faulty one has its line', async () => {
  writeFileSync(join(folder, 'tcpvsadm.yaml'), 'layer7: {}\n');
  assert.match(await tcpvsadm('-A -i web'), /^1 tcpvsadm: .*tcpvsadm\.yaml was not written by tcpvsadm$/);
  const bad = join(folder, 'bad');
  const faults = {
    x: 'expected virtual NAME {',
    'virtual a {': 'virtual a has no }',
    'virtual a {\nfoo = 1': 'unknown key foo',
    'virtual a {\nrule = pattern "x" use server 1.2.3.4:5': 'is none of the virtual',
    'virtual a {\nscheduler = rr': 'no scheduler rr',
    '}': 'a } without',
  };
  for (const [text, expected] of Object.entries(faults)) {
    writeFileSync(bad, text);
    assert.match(await tcpvsadm(`-f ${bad}`), new RegExp(`^2 tcpvsadm: .*bad:\\d+: .*${expected.replace(/[{}]/g, '\\$&')}`), text);
  }
});

/** The lines about what is left to the proxy. */
async function left(line: string): Promise<readonly string[]> {
  const io = memoryIo();
  assert.equal(await runTcpvsadm(line.split(' '), io, { folder, own, names: new SystemNames() }), 0);
  return io.stderr.split('\n').filter((text) => text !== '');
}

test('what the datapath can decide is given to it where that is asked for, and a line names the rest', async () => {
  await all(`
    -A -i web -l 192.0.2.1:80 --way switch
    -a -i web -r 192.168.10.1:80
    -a -i web -r 192.168.10.2:80
    -a -i web -r 192.168.10.3:80
    --add-rule -i web --pattern=.* -r 192.168.10.3:80
    --add-rule -i web --pattern=^/images/ -r 192.168.10.2:80
    --add-rule -i web --pattern=^/a\\.b/ -r 192.168.10.1:80`);
  assert.deepEqual(await left('--start'), []);
  const planned = () => switchPlan(served().file.layer7 ?? assert.fail('no layer7'), own());
  const paths = () => planned().listeners.flatMap(({ hosts }) => hosts.flatMap((host) => host.paths.map(({ path, pool }) => [path, pool])));
  assert.deepEqual(paths(), [
    ['/a.b/', 'web_1'],
    ['/images/', 'web_2'],
    ['/', 'web_3'],
    ['/a.b', undefined],
    ['/images', undefined],
  ]);
  assert.match(readFileSync(join(folder, 'tcpvsadm.conf'), 'utf8'), / {4}# way = switch\n {4}# started\n\}/);

  // An expression may match before what stands behind it.
  await all('--del-rule -i web --pattern=^/images/ -r 192.168.10.2:80');
  assert.deepEqual(await left('--add-rule -i web --pattern=^/(x|y)/ -r 192.168.10.2:80'), [
    "tcpvsadm: left to the proxy: web, ~ ^/(x|y)/: an expression is the proxy's",
    "tcpvsadm: left to the proxy: web, ~ ^/a\\.b/: an expression is the proxy's",
    'tcpvsadm: left to the proxy: web, /: an expression of the host may come before it',
  ]);
  assert.deepEqual(paths(), []);
  assert.deepEqual(await left('-E -i web -s phttp -l 192.0.2.1:80'), ['tcpvsadm: left to the proxy: web: phttp chooses for each request']);
  // Without -l it listens on all addresses of the host.
  assert.deepEqual(await left('-E -i web -s wlc'), []);
  assert.deepEqual(
    planned().listeners.map(({ address, hosts }) => [address, hosts.map(({ paths: [first] }) => first?.path)]),
    [[ADDRESS.address, ['/']]],
  );
  assert.deepEqual(await left('-E -i web -s wlc --way proxy'), []);
  assert.match(await tcpvsadm('-E -i web --way fast'), /^2 .*a way is proxy or switch/);
});

/** Names that only a name server has. */
class AskedNames extends SystemNames {
  #isAsked = false;

  override host(name: string): Address | undefined {
    if (!this.#isAsked) throw new NeedsHost(name);
    return parseAddress('192.0.2.7');
  }

  override async resolveHost(): Promise<void> {
    this.#isAsked = true;
  }
}

test('a file that can be read once, such as a pipe, is loaded whole, also with names that must be asked for', async () => {
  const pipe = join(folder, 'pipe');
  execFileSync('mkfifo', [pipe]);
  const writer = spawn('sh', [
    '-c',
    `printf 'virtual a {\\n listen = 192.0.2.1:80\\n server = far.example:80\\n}\\n' > ${pipe}; while :; do : > ${pipe}; done`,
  ]);
  const io = memoryIo();
  assert.equal(await runTcpvsadm(['-f', pipe], io, { folder, own, names: new AskedNames() }), 0, io.stderr);
  writer.kill();
  assert.match(await tcpvsadm('-L -n'), /server = 192\.0\.2\.7:80 1/);
});

test('a command whose second file cannot be written changes neither', async () => {
  await all('-A -i web -s wlc -l 127.0.0.1:80\n-a -i web -r 10.0.0.1:80\n--start -i web');
  const texts = (): readonly string[] => ['tcpvsadm.conf', 'tcpvsadm.yaml'].map((name) => readFileSync(join(folder, name), 'utf8'));
  const before = texts();
  mkdirSync(join(folder, `tcpvsadm.yaml.${process.pid}.new`));
  assert.match(await tcpvsadm('-a -i web -r 10.0.0.2:80'), /^1 tcpvsadm: .*EISDIR/);
  assert.deepEqual(texts(), before);
});

test('a file of 20,000 servers with a rule each is read in a time that grows as the file does', { timeout: 60_000 }, async () => {
  const numbers = Array.from({ length: 20_000 }, (_, index) => `10.0.${index >> 8}.${index & 255}:80`);
  const lines = [
    'Virtual web {',
    '    listen = 127.0.0.1:80',
    ...numbers.map((server) => `    server = ${server} 2`),
    ...numbers.map((server) => `    rule = pattern "^/x" use server ${server}`),
    '    # started',
    '}',
  ];
  const file = join(folder, 'many.conf');
  writeFileSync(file, lines.join('\n'));
  assert.equal(await tcpvsadm(`-f ${file}`), '');
  assert.equal(served().file.layer7?.pools[0]?.servers.length, 20_000);
});
