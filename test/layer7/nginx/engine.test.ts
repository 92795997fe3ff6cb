// weir engine nginx: nginx, run with what weir makes of a weir.yaml, chooses the servers that weir proxy chooses; it is reloaded without a lost
// request, started again when it dies, speaks HTTP/2, and what it does not have is a line.
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { importNginx } from '../../../src/config/nginx/to-model.js';
import { writeNginx } from '../../../src/config/nginx/write.js';
import type { Layer7 } from '../../../src/model/layer7/layer7.js';
import { unlessCode } from '../../../src/sys/errno.js';
import { Authority } from '../../support/certificates.js';
import { read, root } from '../../support/project.js';
import { freePort, get, RunningProxy } from '../running-proxy.js';

const folder = mkdtempSync(join(tmpdir(), 'weir-engine-'));
const run = promisify(execFile);
let servers: readonly Server[] = [];
let [proxyPort, enginePort, securePort] = [0, 0, 0];
let [proxy, engine]: RunningProxy[] = [];

const portOf = (server: Server): number => (server.address() as AddressInfo).port;

/** Answers with its number and what it was asked. */
async function echo(number: number): Promise<Server> {
  const server = createServer((incoming, answer) => {
    const { host, 'x-forwarded-for': client, 'x-path': path } = incoming.headers;
    answer.setHeader('X-Hidden', 'x');
    answer.end(JSON.stringify([number, incoming.url, host, client, path]));
  });
  server.keepAliveTimeout = 60_000;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

const text = (port: number, extra = ''): string => {
  const list = servers.map((server, index) => `{ address: "127.0.0.1:${portOf(server)}", weight: ${index + 1} }`).join(', ');
  const pool = (name: string, balance: string): string => `    ${name}: { balance: ${balance}, servers: [${list}] }\n`;
  return `layer7:
  listeners:
    web: 127.0.0.1:${port}${extra}
  pools:
${pool('turns', 'round_robin')}${pool('hashed', '{ hash: $request_uri }')}${pool('ring', '{ hash: $arg_k, consistent: true }')}${pool('clients', 'ip_hash')}
  hosts:
    - server_name: [a.example, "*.a.example"]
      locations:
        - { location: /, pool: turns, proxy_set_header: { X-Path: $uri }, add_header: { X-Added: $host }, proxy_hide_header: X-Hidden }
        - { location: "= /exact", pool: hashed }
        - { location: "^~ /static/", pool: ring, replace_prefix: /files/ }
        - { location: '~* \\.(png|jpe?g)$', pool: hashed }
        - { location: '~ ^/group/([a-z]+)/', redirect: { to: "https://$host/$1?$args", status: 308 } }
        - { location: /gone, return: { status: 410, body: 'it is "gone"' } }
    - server_name: ['~^c\\d+\\.example$', "www.*"]
      locations: [{ location: /x/, pool: clients }]
    - server_name: [other.example]
      default_server: true
      locations: [{ location: /, pool: hashed, proxy_set_header: { Host: $proxy_host } }]
`;
};

before(async () => {
  servers = await Promise.all([1, 2, 3].map(echo));
  [proxyPort, enginePort, securePort] = [await freePort(), await freePort(), await freePort()];
  const [forProxy, forEngine] = [join(folder, 'proxy.yaml'), join(folder, 'engine.yaml')];
  const authority = new Authority(join(folder, 'ca'), 'test');
  const own = authority.sign('a', { names: 'DNS:a.example' });
  const tls = `tls: { http2: true, certificates: { ssl_certificate: ${own.certificate}, ssl_certificate_key: ${own.key} } }`;
  writeFileSync(forProxy, text(proxyPort));
  writeFileSync(forEngine, text(enginePort, `\n    secure: { listen: "127.0.0.1:${securePort}", ${tls} }`));
  proxy = new RunningProxy(['--config', forProxy, '--workers', '1']);
  engine = new RunningProxy(['nginx', '--config', forEngine, '--workers', '1', '--dir', join(folder, 'engine')], 'engine');
  await Promise.all([proxy.reported(/serves/), engine.reported(/runs nginx/)]);
  while ((await get(enginePort).catch(() => undefined)) === undefined) await new Promise((done) => setTimeout(done, 50));
});
after(async () => {
  proxy?.signal('SIGTERM');
  engine?.signal('SIGTERM');
  assert.deepEqual(await Promise.all([proxy?.ended, engine?.ended]), [0, 0]);
  for (const server of servers) server.closeAllConnections();
  for (const server of servers) server.close();
  rmSync(folder, { recursive: true });
});

const isAlive = (pid: number): boolean => unlessCode(() => process.kill(pid, 0), ['ESRCH'], false);

const agent = new Agent({ keepAlive: true, maxSockets: 1 });
after(() => agent.destroy());

async function ask(port: number, host: string, path: string, method: string): Promise<readonly unknown[]> {
  const asked = request({ host: '127.0.0.1', port, path, method, agent, headers: { host, 'x-forwarded-for': '192.0.2.9' } });
  asked.end();
  const [answer] = await once(asked, 'response');
  let body = '';
  for await (const piece of answer) body += piece;
  const { location, 'x-added': added, 'x-hidden': hidden } = answer.headers;
  // what they answer themselves without a text has words of their own
  const isOwn = answer.statusCode !== 200 && answer.statusCode !== 410;
  return [answer.statusCode, isOwn ? '' : body, location?.replace(`:${port}/`, ':PORT/'), added, hidden];
}

const HOSTS = ['a.example', 'x.A.example:8080', 'c12.example', 'cx.example', 'www.any', 'other.example', 'nothing.example'];
const PATHS = [
  '/',
  '/exact',
  '/exact?q=1',
  '/static/a/b%20c?k=7',
  '/static/x.png?k=12',
  '/pic.JPG',
  '/a/../pic.jpeg?x',
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

test('the same server, target, fields and answer as weir proxy, request by request', async () => {
  // one request went to the engine alone, to see that it serves
  await ask(proxyPort, '127.0.0.1', '/', 'GET');
  let count = 0;
  for (let round = 0; round < 3; round++) {
    for (const host of HOSTS) {
      for (const path of PATHS) {
        const of = `${path}${path.includes('?') ? '&' : '?'}k=${round * 31 + (count++ % 17)}`;
        const method = count % 3 === 0 ? 'DELETE' : 'GET';
        const [ours, theirs] = [await ask(proxyPort, host, of, method), await ask(enginePort, host, of, method)];
        assert.deepEqual(theirs, ours, `${method} ${host} ${of}`);
      }
    }
  }
});

test('HTTP/2 by curl, over TLS', async () => {
  const target = [`https://a.example:${securePort}/`, '--resolve', `a.example:${securePort}:127.0.0.1`];
  const options = ['-sS', '--http2', '--cacert', join(folder, 'ca/ca.pem'), '-w', '%{http_version} %{http_code}', '-o', '/dev/null'];
  assert.equal((await run('curl', [...options, ...target])).stdout, '2 200');
});

test('a reload under requests loses none, a faulty file changes nothing, and the text before is kept', async () => {
  const file = join(folder, 'engine.yaml');
  const before = readFileSync(file, 'utf8');
  let goesOn = true;
  const failed: string[] = [];
  const one = async (): Promise<void> => {
    while (goesOn) {
      const { status } = await get(enginePort).catch((error) => ({ status: String(error) }));
      if (status !== 200) failed.push(String(status));
    }
  };
  const load = Promise.all([one(), one(), one()]);
  const running = engine ?? assert.fail();
  running.stderr = '';
  writeFileSync(file, before.replace('status: 410', 'status: 403'));
  running.signal('SIGHUP');
  await running.reported(/nginx reads the new configuration/);
  // workers of before close connections that wait
  const status = async (): Promise<unknown> => (await ask(enginePort, 'a.example', '/gone', 'GET').catch(() => []))[0];
  while ((await status()) !== 403);
  writeFileSync(file, before.replace('status: 410', 'status: 99'));
  running.signal('SIGHUP');
  await running.reported(/stays in effect: .*engine\.yaml:\d+:\d+: expected a whole number/);
  goesOn = false;
  await load;
  assert.deepEqual(failed, []);
  writeFileSync(file, before);
  assert.match(readFileSync(join(folder, 'engine/nginx.conf.before'), 'utf8'), /return 410/);
});

test('nginx that is killed is started again', async () => {
  const running = engine ?? assert.fail();
  running.stderr = '';
  const pid = Number(readFileSync(join(folder, 'engine/nginx.pid'), 'utf8'));
  process.kill(pid, 'SIGKILL');
  await running.reported(/nginx \(\d+\) ended: SIGKILL; it is started again/);
  while ((await get(enginePort).catch(() => undefined))?.status !== 200) await new Promise((done) => setTimeout(done, 50));
});

test('weir engine that is killed leaves no nginx behind, and the next one serves', async () => {
  const [port, file, dir] = [await freePort(), join(folder, 'killed.yaml'), join(folder, 'killed')];
  writeFileSync(file, text(port));
  const serving = async (): Promise<RunningProxy> => {
    const one = new RunningProxy(['nginx', '--config', file, '--workers', '1', '--dir', dir], 'engine');
    await one.reported(/runs nginx/);
    while ((await get(port).catch(() => undefined))?.status !== 200) await new Promise((done) => setTimeout(done, 50));
    return one;
  };
  const killed = await serving();
  const pid = Number(readFileSync(join(dir, 'nginx.pid'), 'utf8'));
  killed.signal('SIGKILL');
  await killed.ended;
  while (isAlive(pid)) await new Promise((done) => setTimeout(done, 50));
  await assert.rejects(get(port), /ECONNREFUSED/);
  const next = await serving();
  next.signal('SIGTERM');
  assert.equal(await next.ended, 0);
});

test('a file that weir did not write stays, and what nginx does not have is a line', () => {
  const lossy = join(folder, 'lossy.yaml');
  writeFileSync(
    lossy,
    text(1)
      .replace('balance: round_robin', 'sticky: { cookie: c }, send_proxy: v1, balance: { sum: $uri }')
      .replace('default_server: true', ''),
  );
  const weir = (...args: readonly string[]): ReturnType<typeof spawnSync> =>
    spawnSync(process.execPath, [join(root, 'dist/weir.cjs'), 'engine', 'nginx', ...args], { encoding: 'utf8' });
  const printed = weir('--config', lossy, '--print');
  assert.equal(printed.status, 3);
  assert.deepEqual(
    String(printed.stderr)
      .split('\n')
      .map((line) => line.replace(/^.*lossy\.yaml: /, '').replace(/: .*/, '')),
    ['layer7.pools.turns.sticky', 'layer7.pools.turns.send_proxy', 'layer7.pools.turns.balance', ''],
  );
  assert.match(String(weir('--config', lossy, '--check', '--dir', folder).stderr), /does not have 3 of the things/);
  writeFileSync(join(folder, 'nginx.conf'), 'events {}\n');
  const foreign = weir('--config', join(folder, 'engine.yaml'), '--check', '--dir', folder);
  assert.equal(foreign.status, 1);
  assert.match(String(foreign.stderr), /nginx\.conf was not written by weir/);
  assert.equal(readFileSync(join(folder, 'nginx.conf'), 'utf8'), 'events {}\n');
});

test('an nginx.conf that is imported, written and imported again is the same model', () => {
  const included = read('examples/layer7/nginx/upstreams.conf');
  const imported = (nginx: string): Layer7 => importNginx({ file: 'n', text: nginx }, () => [{ file: 'u', text: included }], folder).layer7;
  const first = imported(read('examples/layer7/nginx/nginx.conf'));
  const { text: written, losses } = writeNginx(first, { folder, workers: 1, certificates: {} });
  assert.deepEqual(losses, []);
  const again = imported(written);
  const routes = ({ hosts }: Layer7): unknown => hosts.map((host) => [host.names, host.routes.map(({ match, action }) => [match, action])]);
  assert.deepEqual(routes(again), routes(first));
  assert.deepEqual([again.listeners, again.pools], [first.listeners, first.pools]);
});
