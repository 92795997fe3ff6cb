// The API over TCP as it runs, judged by curl and openssl: TLS alone, tokens and certificates of clients, what is exchanged while it runs, bounds.
import assert from 'node:assert/strict';
import { type SpawnSyncReturns, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { readApiSilences } from '../../src/host/published-api.js';
import { Authority } from '../support/certificates.js';
import { freePort } from '../support/free-port.js';
import { noTools } from '../support/probes.js';
import { root } from '../support/project.js';
import { RunningWeir } from './running-weir.js';

const on = { skip: noTools('curl', 'openssl'), timeout: 120_000 };
const folder = mkdtempSync(join(tmpdir(), 'weir-api-tcp-'));
const path = (name: string): string => join(folder, name);

let [port, authority]: [number, Authority | undefined] = [0, undefined];
let running: RunningWeir | undefined;
const url = (at: string): string => `https://127.0.0.1:${port}${at}`;
const ours = (): Authority => authority ?? assert.fail();

before(async () => {
  if (on.skip !== false) return;
  port = await freePort();
  authority = new Authority(path('ca'), 'ours');
  const { certificate, key } = ours().sign('server', { names: 'IP:127.0.0.1' });
  renameSync(certificate, path('server.pem'));
  renameSync(key, path('server.key'));
  copyFileSync(ours().certificate, path('clients.pem'));
  const tcp = {
    listen: `127.0.0.1:${port}`,
    certificate: path('server.pem'),
    key: path('server.key'),
    client_authorities: path('clients.pem'),
    clients: { ops: 'write' },
    tokens: path('tokens'),
  };
  writeFileSync(path('weir.yaml'), JSON.stringify({ api: { write_socket: path('api.sock'), read_socket: path('read.sock'), tcp } }));
  running = new RunningWeir(['api', 'serve', '--config', path('weir.yaml')]);
  await running.logged(/the API answers at https/);
});
after(() => {
  running?.child.kill('SIGKILL');
  rmSync(folder, { recursive: true });
});

test('a port that is taken: where it does not answer, and why, until it answers', on, async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const at = `127.0.0.1:${(taken.address() as AddressInfo).port}`;
  const tcp = { listen: at, certificate: path('server.pem'), key: path('server.key'), tokens: path('tokens') };
  writeFileSync(
    path('second.yaml'),
    JSON.stringify({ api: { write_socket: path('second.sock'), read_socket: path('second-read.sock'), tcp } }),
  );
  const second = new RunningWeir(['api', 'serve', '--config', path('second.yaml')]);
  const ofSecond = () => readApiSilences().filter(({ places }) => places.includes(`https://${at}`));
  try {
    await second.logged(/no API over TCP/);
    assert.match(ofSecond()[0]?.why ?? '', /EADDRINUSE/);
    taken.close();
    await second.logged(/the API answers at https/);
    for (const end = Date.now() + 10_000; ofSecond().length > 0 && Date.now() < end; ) await delay(20); // the line comes first
    assert.deepEqual(ofSecond(), []);
  } finally {
    taken.close();
    second.child.kill('SIGKILL');
  }
});

const weir = (...args: readonly string[]): SpawnSyncReturns<string> =>
  spawnSync(process.execPath, [join(root, 'dist/weir.cjs'), 'weir', 'api', ...args], { encoding: 'utf8' });

/** The status of HTTP, or 000. */
function curl(...args: readonly string[]): string {
  const words = ['-s', '-o', '/dev/null', '-w', '%{http_code}', '--cacert', ours().certificate, ...args];
  return spawnSync('curl', words, { encoding: 'utf8' }).stdout;
}

function newToken(name: string, ...more: readonly string[]): string {
  const { stdout, stderr } = weir('token', 'new', name, '--tokens', path('tokens'), ...more);
  assert.equal(stderr, '');
  writeFileSync(path(`${name}.token`), stdout, { mode: 0o600 });
  return stdout.trim();
}

const clientFiles = ({ certificate, key }: { readonly certificate: string; readonly key: string }): readonly string[] => [
  '--cert',
  certificate,
  '--key',
  key,
];

test('options of one form of weir api are refused with another: no token goes into a file that was not meant', on, () => {
  for (const [args, why] of [
    [['token', 'new', 'other', '--config', '/nonexistent'], '--config: only with weir api serve'],
    [['token', 'list', '--scope', 'read', '--expires', '1d'], '--scope, --expires: only with weir api token new'],
    [['serve', '--tokens', '/nonexistent'], '--tokens: only with weir api token'],
    [['GET', '/v1', '--detail'], '--detail: only with weir api serve'],
    [['token', 'revoke', 'other', '--url', 'https://127.0.0.1'], '--url: only with a request'],
  ] as const) {
    const { status, stdout, stderr } = weir(...args);
    assert.deepEqual([status, stdout], [2, ''], args.join(' '));
    assert.ok(stderr.includes(why), stderr);
  }
});

test('TLS alone, of 1.2 and later; tokens and certificates of clients; weir api is a client of it', on, async () => {
  const token = newToken('monitor');
  const bearer = ['-H', `authorization: Bearer ${token}`];
  const [ops, other] = ['ops', 'other'].map((name) => clientFiles(ours().sign(name, { purpose: 'clientAuth' }))) as [string[], string[]];
  const foreign = clientFiles(new Authority(path('foreign'), 'foreign').sign('ops', { purpose: 'clientAuth' }));
  const server = clientFiles(ours().sign('web', { purpose: 'serverAuth' }));
  const cases: readonly (readonly [string, readonly string[], string])[] = [
    ['no credentials', [url('/v1')], '401'],
    ['a token', [...bearer, url('/v1')], '200'],
    ['a token of scope read', [...bearer, '-X', 'DELETE', url('/v1/services/mark:5')], '403'],
    ['a certificate', [...ops, url('/v1/changes')], '200'],
    ['a certificate that is not listed', [...other, url('/v1')], '403'],
    ['a certificate of another authority', [...foreign, url('/v1')], '401'],
    ['a certificate for servers', [...server, url('/v1')], '401'],
    ['TLS 1.2', [...bearer, '--tls-max', '1.2', url('/v1')], '200'],
    ['TLS 1.1', [...bearer, '--tlsv1.0', '--tls-max', '1.1', '--ciphers', 'DEFAULT@SECLEVEL=0', url('/v1')], '000'],
    ['no TLS', [...bearer, `http://127.0.0.1:${port}/v1`], '000'],
    ['another name', [...bearer, '-H', 'host: evil.example', url('/v1')], '421'],
    ['a page of another site', [...bearer, '-H', 'origin: https://evil.example', url('/v1')], '403'],
    ['a head of 20 KiB', [...bearer, '-H', `x: ${'x'.repeat(20_480)}`, url('/v1')], '431'],
  ];
  for (const [what, words, status] of cases) assert.deepEqual([what, curl(...words)], [what, status]);
  const host = ['--url', `https://127.0.0.1:${port}`, '--cacert', ours().certificate];
  const byToken = weir('GET', '/livez', ...host, '--token-file', path('monitor.token'));
  assert.deepEqual([byToken.status, byToken.stdout, byToken.stderr], [0, 'ok\n', '']);
  const [, cert = '', , key = ''] = ops;
  assert.equal(weir('GET', '/livez', ...host, '--cert', cert, '--key', key).stdout, 'ok\n');
  writeFileSync(path('two.token'), `${readFileSync(path('monitor.token'), 'utf8')}monitor\n`);
  const twoTokens = weir('GET', '/livez', ...host, '--token-file', path('two.token'));
  assert.deepEqual([twoTokens.status, /--token-file takes a file with one token/.test(twoTokens.stderr)], [2, true]);
  const alone = weir('GET', '/livez', ...host, '--cert', cert);
  assert.deepEqual([alone.status, /--key is missing/.test(alone.stderr)], [2, true]);
  const unknown = weir('GET', '/livez', '--url', `https://127.0.0.1:${port}`, '--token-file', path('monitor.token'));
  assert.deepEqual([unknown.status, /no API answers at https:.*certificate/.test(unknown.stderr)], [1, true]);
  assert.match(weir('token', 'list', '--tokens', path('tokens')).stdout, /^monitor: read, made .*, expires /);
});

test('what was refused is counted in the metrics of the API', on, () => {
  const before = spawnSync('curl', ['-s', '--unix-socket', path('read.sock'), 'http://localhost/metrics?family=weir'], {
    encoding: 'utf8',
  });
  assert.match(before.stdout, /^weir_api_refused_total\{reason="no_credentials"\} [1-9]/m);
  assert.match(before.stdout, /^weir_api_refused_total\{reason="rate"\} \d+$/m);
});

test('what is revoked loses its stream; a new certificate is shown without a restart', on, async () => {
  const token = newToken('watcher', '--expires', '1h');
  const words = ['-sN', '--cacert', ours().certificate, '-H', `authorization: Bearer ${token}`, url('/v1/events')];
  const stream = spawn('curl', words, { stdio: ['ignore', 'pipe', 'ignore'] });
  await once(stream.stdout, 'data');
  assert.equal(weir('token', 'revoke', 'watcher', '--tokens', path('tokens')).status, 0);
  await once(stream, 'exit');
  assert.equal(curl('-H', `authorization: Bearer ${token}`, url('/v1')), '401');
  const renewed = ours().sign('renewed', { names: 'IP:127.0.0.1' });
  renameSync(renewed.key, path('server.key'));
  renameSync(renewed.certificate, path('server.pem'));
  await running?.logged(/the API has new certificates/);
  const shown = spawnSync('openssl', ['s_client', '-connect', `127.0.0.1:${port}`], { input: '', encoding: 'utf8' }).stdout;
  assert.match(shown, /subject=CN = renewed/);
});

test('where other authorities sign for clients, the connections by those of before are closed', on, async () => {
  const ops = clientFiles(ours().sign('ops', { purpose: 'clientAuth' }));
  const stream = spawn('curl', ['-sN', '--cacert', ours().certificate, ...ops, url('/v1/events')], { stdio: ['ignore', 'pipe', 'ignore'] });
  await once(stream.stdout, 'data');
  const ended = once(stream, 'exit');
  copyFileSync(new Authority(path('others'), 'others').certificate, path('clients.pem'));
  await ended;
  assert.equal(curl(...ops, url('/v1')), '401');
  copyFileSync(ours().certificate, path('clients.pem'));
  await running?.logged(/the API has new certificates/, 3);
  assert.equal(curl(...ops, url('/v1')), '200');
});

test('a connection by a certificate is closed when that ends', on, async () => {
  const ops = clientFiles(ours().sign('ops', { purpose: 'clientAuth', toDays: 5 / 86_400 }));
  const stream = spawn('curl', ['-sN', '--cacert', ours().certificate, ...ops, url('/v1/events')], { stdio: ['ignore', 'pipe', 'ignore'] });
  const [first] = (await once(stream.stdout, 'data')) as [Buffer];
  assert.equal(String(first), ':\n\n');
  await once(stream, 'exit');
  assert.equal(curl(...ops, url('/v1')), '401');
});

test('one address has a bounded number of connections', on, async () => {
  const sockets = Array.from({ length: 80 }, () => connect(port, '127.0.0.1'));
  let closed = 0;
  const enough = new Promise<void>((done) => {
    for (const socket of sockets)
      socket
        .on('error', () => {})
        .on('close', () => {
          closed += 1;
          if (closed === 16) done();
        });
  });
  await enough;
  for (const socket of sockets) socket.destroy();
});
