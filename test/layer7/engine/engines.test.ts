// weir engine: nginx and HAProxy, run with what weir makes of a weir.yaml, do what weir proxy does, request by request; they are reloaded without a lost
// request, started again when they die, speak HTTP/2, and what they do not have is a line.
import assert from 'node:assert/strict';
import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { importNginx } from '../../../src/config/nginx/to-model.js';
import { writeNginx } from '../../../src/config/nginx/write.js';
import type { Layer7 } from '../../../src/model/layer7/layer7.js';
import { unlessCode } from '../../../src/sys/errno.js';
import { freePort } from '../../support/free-port.js';
import { read, root } from '../../support/project.js';
import { get, RunningProxy } from '../running-proxy.js';
import { Compared, ENGINE_NAMES, type EngineName, untilServed } from './compared.js';

const run = promisify(execFile);
const bed = new Compared();
before(() => bed.start());
after(() => bed.stop());

const HOSTS = ['a.example', 'x.A.example:8080', 'c12.example', 'cx.example', 'www.any', 'other.example', 'nothing.example'];
const PATHS = [
  '/',
  '/exact',
  '/exact?q=1',
  '/static/a/b%20c?k=7',
  '/static/x.png?k=12',
  "/static/%C3%A9%25%3f!$&'()*+,:;=@~_-x",
  '/pic.JPG',
  '/a/../pic.jpeg?x',
  '/api../x',
  '/api%2E./x?y',
  '/api..',
  '/api./x',
  '/api..x',
  '/api/../x',
  '/api?x',
  '/a/b/c/../../d%2f..%2fe/.',
  '/..',
  '/%zz',
  '/%00',
  '/group/abc/d?e=f',
  '/group/1/',
  '/gone',
  '/gone/too',
  '/x/y',
  '/x',
  '/static',
  '/static?',
  '//x//y?k=%41',
];

/** Which server has the turn differs where weights are; which one a ring has is each program's own. */
const choosesAlike = (name: EngineName, host: string, path: string): boolean => {
  if (name === 'nginx') return true;
  const isA = /^(a|x\.A)\.example/.test(host);
  return !isA || /^\/exact|\.(png|jpe?g)/i.test(path.replace(/^\/static\/.*/, ''));
};

for (const name of ENGINE_NAMES) {
  test(`${name}: the same server, target, fields and answer as weir proxy, request by request`, async () => {
    // what was asked to see that they serve is one turn each
    const [proxy, engine] = [bed.of('proxy'), bed.of(name)];
    let count = 0;
    const shares = { ours: new Map<string, number>(), theirs: new Map<string, number>() };
    for (let round = 0; round < 3; round++) {
      for (const host of HOSTS) {
        for (const path of PATHS) {
          const of = `${path}${path.includes('?') ? '&' : '?'}k=${round * 31 + (count++ % 17)}`;
          const method = count % 3 === 0 ? 'DELETE' : count % 5 === 0 ? 'PURGE' : 'GET';
          const [ours, theirs] = [await bed.ask(proxy, host, of, method), await bed.ask(engine, host, of, method)];
          assert.deepEqual(theirs.rest, ours.rest, `${method} ${host} ${of}`);
          if (choosesAlike(name, host, path)) assert.equal(theirs.server, ours.server, `${method} ${host} ${of}`);
          else if (!path.startsWith('/static')) {
            for (const [whose, { server }] of [
              ['ours', ours],
              ['theirs', theirs],
            ] as const)
              if (server !== undefined) shares[whose].set(server, (shares[whose].get(server) ?? 0) + 1);
          }
        }
      }
    }
    for (const [server, many] of shares.ours)
      assert.ok(Math.abs(many - (shares.theirs.get(server) ?? 0)) <= 4, JSON.stringify([...shares.theirs]));
  });

  test(`${name}: no client writes lines into a request or an answer`, async () => {
    const [proxy, engine] = [bed.of('proxy'), bed.of(name)];
    for (const path of ['/a%0d%0aX-Made:%20yes', '/%0aGET%20/b', '/group/a%0d%0aX-Added:%20b/', '/static/%7f', '/gone/%01']) {
      const [ours, theirs] = [await bed.ask(proxy, 'a.example', path, 'GET'), await bed.ask(engine, 'a.example', path, 'GET')];
      assert.equal(theirs.rest[0], 400, path);
      assert.doesNotMatch(JSON.stringify(ours.rest), /[^\\]\\r|"yes"/, path);
    }
  });

  test(`${name}: HTTP/2 by curl, over TLS`, async () => {
    const { securePort } = bed.of(name);
    const target = [`https://a.example:${securePort}/`, '--resolve', `a.example:${securePort}:127.0.0.1`];
    const authority = join(bed.folder, `${name}-ca/ca.pem`);
    const options = ['-sS', '--http2', '--cacert', authority, '-w', '%{http_version} %{http_code}', '-o', '/dev/null'];
    assert.equal((await run('curl', [...options, ...target])).stdout, '2 200');
  });

  test(`${name}: a reload under requests loses none, a faulty file changes nothing, and the text before is kept`, async () => {
    const way = bed.of(name);
    const { file, port, running, folder } = way;
    const text = readFileSync(file, 'utf8');
    let goesOn = true;
    const failed: string[] = [];
    const one = async (): Promise<void> => {
      while (goesOn) {
        const { status } = await get(port).catch((error) => ({ status: String(error) }));
        if (status !== 200) failed.push(String(status));
      }
    };
    const load = Promise.all([one(), one(), one()]);
    running.stderr = '';
    writeFileSync(file, text.replace('status: 410', 'status: 403'));
    running.signal('SIGHUP');
    await running.reported(new RegExp(`${name} reads the new configuration`));
    // workers of before close connections that wait
    const status = async (): Promise<unknown> => (await bed.ask(way, 'a.example', '/gone', 'GET').catch(() => ({ rest: [] }))).rest[0];
    while ((await status()) !== 403) await delay(10);
    writeFileSync(file, text.replace('status: 410', 'status: 99'));
    running.signal('SIGHUP');
    await running.reported(/stays in effect: .*\.yaml:\d+:\d+: expected a whole number/);
    goesOn = false;
    await load;
    assert.deepEqual(failed, []);
    writeFileSync(file, text);
    const before = readdirSync(folder).find((entry) => entry.endsWith('.before')) ?? assert.fail('nothing is kept');
    assert.match(readFileSync(join(folder, before), 'utf8'), /return (?:status )?410/);
  });

  test(`${name}: where its configuration cannot be written it goes on, and is started again as it was`, async () => {
    const { running, port, folder } = bed.of(name);
    const inTheWay = join(folder, { nginx: 'nginx.conf.new', haproxy: 'haproxy.cfg.new' }[name]);
    mkdirSync(inTheWay);
    try {
      running.stderr = '';
      running.signal('SIGHUP');
      await running.reported(/stays in effect: .*cannot be written in .*EISDIR/);
      await untilServed(port);
      process.kill(mastersOf(running.pid)[0] ?? assert.fail(running.stderr), 'SIGKILL');
      await running.reported(new RegExp(`${name} is started with the file of before: .*EISDIR`));
      await running.reported(new RegExp(`runs ${name}`));
      await untilServed(port);
    } finally {
      rmdirSync(inTheWay);
    }
  });

  test(`${name} that is killed is started again`, async () => {
    const { running, port } = bed.of(name);
    const master = new RegExp(`runs ${name} \\((\\d+)\\)`);
    running.stderr = '';
    process.kill(mastersOf(running.pid)[0] ?? assert.fail(String(master)), 'SIGKILL');
    await running.reported(new RegExp(`${name} \\(\\d+\\) ended: SIGKILL; it is started again`));
    await untilServed(port);
  });

  test(`weir engine that is killed leaves no ${name} behind, and the next one serves`, async () => {
    const [port, file, dir] = [await freePort(), join(bed.folder, `${name}-killed.yaml`), join(bed.folder, `${name}-killed`)];
    writeFileSync(file, bed.text(port));
    const serving = async (): Promise<RunningProxy> => {
      const one = new RunningProxy([name, '--config', file, '--workers', '1', '--dir', dir], 'engine');
      after(() => one.kill());
      await one.reported(/runs (nginx|haproxy)/);
      await untilServed(port);
      return one;
    };
    const killed = await serving();
    const pid = mastersOf(killed.pid)[0] ?? assert.fail(`no ${name}`);
    // before, its workers serve already, and a signal may be lost
    await waitsForWork(pid);
    killed.signal('SIGKILL');
    await killed.ended;
    while (isAlive(pid)) await delay(50);
    await assert.rejects(get(port), /ECONNREFUSED/);
    // As one that a weir left which was killed before the engine could know of that.
    const path = join(dir, { nginx: 'nginx.conf', haproxy: 'haproxy.cfg' }[name]);
    const words = { nginx: `-p ${dir} -e stderr -c ${path}`, haproxy: `-W -f ${path}` }[name];
    execFileSync('sh', ['-c', `setsid ${name} ${words} >${dir}/left.log 2>&1 &`], {
      env: { ...process.env, PATH: `${process.env['PATH']}:/usr/sbin` },
    });
    await untilServed(port);
    const next = await serving();
    assert.match(next.stderr, new RegExp(`${name} \\(\\d+\\) was left by a weir that was killed: it is ended`));
    next.signal('SIGTERM');
    assert.equal(await next.ended, 0);
  });

  test(`a file that weir did not write stays (${name})`, () => {
    const dir = join(bed.folder, `${name}-foreign`);
    const path = join(dir, { nginx: 'nginx.conf', haproxy: 'haproxy.cfg' }[name]);
    mkdirSync(dir);
    writeFileSync(path, '# mine\n');
    const foreign = weir(name, '--config', bed.of(name).file, '--check', '--dir', dir);
    assert.equal(foreign.status, 1);
    assert.match(String(foreign.stderr), /was not written by weir/);
    assert.equal(readFileSync(path, 'utf8'), '# mine\n');
    assert.deepEqual(readdirSync(dir), [path.slice(dir.length + 1)]);
  });
}

/** The children of a process. */
function mastersOf(pid: number): readonly number[] {
  return execFileSync('ps', ['-o', 'pid=', '--ppid', String(pid)], { encoding: 'utf8' })
    .trim()
    .split(/\s+/)
    .map(Number);
}

/** Until a master has begun what it does until its end: to wait in such a call of the kernel, whose name depends on the kernel's build. */
async function waitsForWork(pid: number): Promise<void> {
  const end = performance.now() + 30_000;
  for (let call = ''; !/epoll|ep_poll|sigsuspend/.test(call); call = readFileSync(`/proc/${pid}/wchan`, 'utf8')) {
    assert.ok(performance.now() < end, `the master is in ${call} after 30 s`);
    await delay(10);
  }
}

const isAlive = (pid: number): boolean => unlessCode(() => process.kill(pid, 0), ['ESRCH'], false);

const weir = (...args: readonly string[]): ReturnType<typeof spawnSync> =>
  spawnSync(process.execPath, [join(root, 'dist/weir.cjs'), 'engine', ...args], { encoding: 'utf8' });

/** Where the file asks for what an engine does not have, with `--print`; the keys alone. */
function lossesOf(name: EngineName, change: (text: string) => string): readonly string[] {
  const file = join(bed.folder, `${name}-lossy.yaml`);
  writeFileSync(file, change(bed.text(1)));
  const printed = weir(name, '--config', file, '--print');
  assert.equal(printed.status, 3, String(printed.stderr));
  const lines = String(printed.stderr).trimEnd().split('\n');
  const dir = join(bed.folder, `${name}-lossy`);
  assert.match(
    String(weir(name, '--config', file, '--check', '--dir', dir).stderr),
    new RegExp(`does not have ${lines.length} of the things`),
  );
  assert.equal(weir(name, '--config', file, '--check', '--lossy', '--dir', dir).status, 0);
  return lines.map((line) => line.replace(/^.*lossy\.yaml: /, '').replace(/: [^:]*$/, ''));
}

test('what nginx does not have is a line', () => {
  const change = (text: string): string =>
    text
      .replace('balance: round_robin', 'sticky: { cookie: c }, send_proxy: v1, balance: { sum: $uri }')
      .replace('default_server: true', '');
  assert.deepEqual(
    lossesOf('nginx', change).map((one) => one.replace(/: .*/, '')),
    ['layer7.pools.turns.sticky', 'layer7.pools.turns.send_proxy', 'layer7.pools.turns.balance'],
  );
});

test('what HAProxy does not have is a line', () => {
  const change = (text: string): string =>
    text
      .replace('balance: round_robin', 'sticky: { cookie: c, path: /x }, send_proxy: v1, keepalive: { time: 5m }, balance: { sum: $uri }')
      .replace(
        '  hosts:',
        '  client_max_body_size: 5m\n  proxy_next_upstream_timeout: 3s\n  proxy_send_timeout: 7s\n  limits: { keepalive_requests: 7 }\n  hosts:',
      );
  const found = lossesOf('haproxy', change);
  for (const key of [
    'turns.sticky.path',
    'turns.keepalive.time',
    'turns.balance',
    'keepalive_requests',
    'client_max_body_size',
    'proxy_send_timeout',
    'proxy_next_upstream_timeout',
  ])
    assert.ok(
      found.some((one) => one.includes(key)),
      `${key}: ${found.join(' | ')}`,
    );
});

test('an nginx.conf that is imported, written and imported again is the same model', () => {
  const included = read('examples/layer7/nginx/upstreams.conf');
  const imported = (nginx: string): Layer7 =>
    importNginx({ file: 'n', text: nginx }, () => [{ file: 'u', text: included }], bed.folder).layer7;
  const first = imported(read('examples/layer7/nginx/nginx.conf'));
  const { text: written, losses } = writeNginx(first, {
    folder: bed.folder,
    workers: 1,
    certificates: {},
    orders: [],
    bindingId: () => '',
  });
  assert.deepEqual(losses, []);
  const again = imported(written);
  const routes = ({ hosts }: Layer7): unknown => hosts.map((host) => [host.names, host.routes.map(({ match, action }) => [match, action])]);
  assert.deepEqual(routes(again), routes(first));
  assert.deepEqual([again.listeners, again.pools], [first.listeners, first.pools]);
});
