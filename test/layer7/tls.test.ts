// TLS in `weir proxy`, with curl and openssl as clients: names choose certificates, sessions resume on any process, certificates change without
// a lost request, bad ones are refused, and what is no handshake ends.
import assert from 'node:assert/strict';
import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { Agent, request } from 'node:https';
import { type AddressInfo, createConnection, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { connect } from 'node:tls';
import { promisify } from 'node:util';
import { Authority, type CertificateFiles } from '../support/certificates.js';
import { freePort } from '../support/free-port.js';
import { root } from '../support/project.js';
import { RunningProxy } from './running-proxy.js';

const BODY_BYTES = 2 ** 20;
const folder = mkdtempSync(join(tmpdir(), 'weir-tls-'));
const authority = new Authority(join(folder, 'ca'), 'test');
const [a, b, spare] = ['a', 'b', 'spare'].map((name) =>
  authority.sign(name, { names: `DNS:${name === 'spare' ? 'a' : name}.example,DNS:*.${name}.example` }),
) as [CertificateFiles, CertificateFiles, CertificateFiles];

const run = promisify(execFile);

/** Answers with what it got; on /big with much; changes to WebSocket and echoes. */
const server = createServer((incoming, answer) => {
  let bytes = 0;
  incoming.on('data', (piece: Buffer) => {
    bytes += piece.length;
  });
  incoming.on('end', () => answer.end(incoming.url === '/big' ? 'x'.repeat(BODY_BYTES) : JSON.stringify({ bytes, ...incoming.headers })));
});
server.on('upgrade', (_, socket) => {
  socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
  socket.pipe(socket);
});

let proxy: RunningProxy;
let [port, proxied] = [0, 0];
const file = join(folder, 'weir.yaml');
const write = (name: string, certificates: readonly (readonly [chain: string, key: string])[], extra = ''): void => {
  const list = certificates.map(([chain, key]) => `{ ssl_certificate: ${chain}, ssl_certificate_key: ${key} }`).join(', ');
  const tls = `tls: { certificates: [${list}]${extra} }`;
  writeFileSync(
    name,
    `layer7:
  listeners:
    secure: { listen: "127.0.0.1:${port}", ${tls} }
    behind: { listen: "127.0.0.1:${proxied}", proxy_protocol_from: 127.0.0.0/8, ${tls} }
  limits: { client_header_timeout: 2s }
  client_max_body_size: 4m
  pools: { servers: { servers: ["127.0.0.1:${(server.address() as AddressInfo).port}"] } }
  hosts:
    - locations:
        - { location: /, sni: b.example, pool: servers, proxy_set_header: { X-Sni: b } }
        - { location: /, pool: servers }
`,
  );
};

before(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  [port, proxied] = [await freePort(), await freePort()];
  for (const name of ['a', 'b'])
    for (const end of ['pem', 'key']) copyFileSync(join(folder, 'ca', `${name}.${end}`), join(folder, `${name}.${end}`));
  write(file, [
    ['a.pem', 'a.key'],
    [b.certificate, b.key],
  ]);
  proxy = new RunningProxy(['--config', file, '--workers', '2']);
  await proxy.reported(/serves/);
});
after(async () => {
  proxy.signal('SIGTERM');
  assert.equal(await proxy.ended, 0);
  server.closeAllConnections();
  server.close();
  rmSync(folder, { recursive: true });
});

/** curl, with the authority's certificate and a name for the proxy's address. */
async function curl(name: string, path: string, ...options: readonly string[]): Promise<string> {
  const target = [`https://${name}:${port}${path}`, '--resolve', `${name}:${port}:127.0.0.1`, '--cacert', authority.certificate];
  return (await run('curl', ['-sS', '--max-time', '20', ...target, ...options], { maxBuffer: 4 * BODY_BYTES })).stdout;
}

const openssl = (to: number, ...options: readonly string[]): string =>
  spawnSync('openssl', ['s_client', '-connect', `127.0.0.1:${to}`, ...options], { input: '', encoding: 'utf8' }).stdout;

test('the name that is asked for chooses the certificate; for others it is the first one', async () => {
  const seen = (...options: readonly string[]): string => /subject=CN = (\w+)/.exec(openssl(port, ...options))?.[1] ?? '';
  assert.deepEqual(
    [seen('-servername', 'b.example'), seen('-servername', 'x.B.example'), seen('-servername', 'a.example'), seen('-noservername'), seen()],
    ['b', 'b', 'a', 'a', 'a'],
  );
  const [toA, toB] = [JSON.parse(await curl('a.example', '/')), JSON.parse(await curl('b.example', '/', '--http2'))];
  assert.deepEqual([toA['x-forwarded-proto'], toA['x-sni'], toB['x-sni']], ['https', undefined, 'b']);
});

test('a session is resumed by every process, also by new ones', async () => {
  for (const version of ['-tls1_2', '-tls1_3']) {
    const session = join(folder, `session${version}`);
    const asked = run('openssl', ['s_client', '-connect', `127.0.0.1:${port}`, version, '-sess_out', session, '-ign_eof']);
    asked.child.stdin?.end('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    await asked;
    proxy.signal('SIGUSR2');
    proxy.stderr = '';
    await proxy.reported(/new processes serve/);
    for (let n = 0; n < 6; n++) assert.match(openssl(port, version, '-sess_in', session), /^Reused, /m);
  }
});

test('a mebibyte in both directions, for a slow client too', async () => {
  const body = join(folder, 'body');
  writeFileSync(body, 'y'.repeat(BODY_BYTES));
  assert.equal(JSON.parse(await curl('a.example', '/', '--data-binary', `@${body}`)).bytes, BODY_BYTES);
  const big = await Promise.all([curl('a.example', '/big'), curl('a.example', '/big', '--limit-rate', '1m')]);
  assert.ok(big.every((text) => text === 'x'.repeat(BODY_BYTES)));
});

/** Requests one after another on connections of their own until it is stopped; what failed, and whose certificates were seen. */
function load(): { readonly names: ReadonlySet<string>; readonly stop: () => Promise<readonly string[]> } {
  let goesOn = true;
  const [failed, names]: [string[], Set<string>] = [[], new Set()];
  const agent = new Agent({ ca: execFileSync('cat', [authority.certificate]), servername: 'a.example', maxCachedSessions: 0 });
  const one = (): Promise<void> =>
    new Promise((done, fail) => {
      const asked = request({ host: '127.0.0.1', port, agent }, (answer) => {
        names.add((answer.socket as ReturnType<typeof connect>).getPeerX509Certificate()?.subject ?? '');
        answer.resume().on('end', done).on('error', fail);
      });
      asked.on('error', fail).end();
    });
  const all = Promise.all(
    Array.from({ length: 4 }, async () => {
      while (goesOn) await one().catch((error) => failed.push(String(error)));
    }),
  );
  const stop = async (): Promise<readonly string[]> => {
    goesOn = false;
    await all;
    return failed;
  };
  return { names, stop };
}

async function webSocket(): Promise<{ echo(text: string): Promise<string>; readonly socket: Socket }> {
  const socket = connect({ host: '127.0.0.1', port, servername: 'a.example', ca: execFileSync('cat', [authority.certificate]) });
  socket.setEncoding('latin1');
  socket.write('GET /ws HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
  assert.match(((await once(socket, 'data')) as [string])[0], /^HTTP\/1\.1 101 /);
  const echo = async (text: string): Promise<string> => {
    socket.write(text);
    return ((await once(socket, 'data')) as [string])[0];
  };
  return { echo, socket };
}

test('certificates are exchanged under requests without a lost one and without cutting a WebSocket; a bad one changes nothing', async () => {
  const chat = await webSocket();
  const { names, stop } = load();
  proxy.stderr = '';
  copyFileSync(spare.certificate, join(folder, 'a.pem'));
  proxy.signal('SIGHUP');
  await proxy.reported(/stays in effect: .*a\.key: it is not the key of .*a\.pem/);
  assert.match(openssl(port), /subject=CN = a\n/);
  copyFileSync(spare.key, join(folder, 'a.key'));
  proxy.signal('SIGHUP');
  await proxy.reported(/the new configuration is in effect/);
  while (!names.has('CN=spare')) await new Promise((done) => setTimeout(done, 20));
  assert.deepEqual(await stop(), []);
  assert.deepEqual([...names], ['CN=a', 'CN=spare']);
  assert.equal(await chat.echo('still here'), 'still here');
  chat.socket.destroy();
});

test('a request on a connection that had others is answered after an exchange of the processes', async () => {
  const socket = connect({ host: '127.0.0.1', port, servername: 'a.example', ca: execFileSync('cat', [authority.certificate]) });
  socket.setEncoding('latin1');
  const ask = async (): Promise<string> => {
    socket.write('GET / HTTP/1.1\r\nHost: h\r\n\r\n');
    return ((await once(socket, 'data')) as [string])[0];
  };
  assert.doesNotMatch(await ask(), /Connection: close/);
  proxy.stderr = '';
  proxy.signal('SIGUSR2');
  await proxy.reported(/new processes serve/);
  await new Promise((done) => setTimeout(done, 300));
  assert.match(await ask(), /^HTTP\/1\.1 200 [\s\S]*\r\nConnection: close\r\n/);
  socket.destroy();
});

test('what is no handshake, too old or too slow, is ended and counted by its reason', async () => {
  proxy.stderr = '';
  const ended = async (text: string): Promise<void> => {
    const socket = createConnection(port, '127.0.0.1');
    socket.write(text);
    socket.resume();
    await once(socket, 'close');
  };
  const silent = ended('');
  for (let n = 0; n < 20; n++) await ended('GET / HTTP/1.1\r\n\r\n');
  await ended('\x16\x03\x01\xff\xff garbage');
  openssl(port, '-tls1_1', '-cipher', 'DEFAULT@SECLEVEL=0');
  await silent;
  await proxy.reported(/handshake failed: it took too long/);
  const lines = proxy.stderr.split('\n').filter((line) => line.includes('HTTP without TLS'));
  assert.ok(lines.length >= 1 && lines.length <= 2, 'one line for each process');
  assert.match(proxy.stderr, /handshake failed: unsupported protocol/);
  assert.equal(JSON.parse(await curl('b.example', '/')).host, `b.example:${port}`);
});

test('a PROXY header comes before TLS and names the client', async () => {
  const socket = createConnection(proxied, '127.0.0.1');
  socket.write('PROXY TCP4 192.0.2.7 192.0.2.1 4711 443\r\n');
  const secure = connect({ socket, servername: 'a.example', rejectUnauthorized: false });
  secure.write('GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n');
  let text = '';
  for await (const piece of secure) text += piece;
  assert.match(text, /"x-forwarded-for":"192\.0\.2\.7"/);
  const none = createConnection(proxied, '127.0.0.1');
  none.write('\x16\x03\x01');
  none.resume();
  await once(none, 'close');
  await proxy.reported(/PROXY header of 127\.0\.0\.1: /);
});

test('a certificate that cannot be used is refused with file and reason; one that ends soon is reported', () => {
  const [expired, future, soon] = [
    authority.sign('expired', { fromDays: -9, toDays: -1 }),
    authority.sign('future', { fromDays: 3, toDays: 9 }),
    authority.sign('soon', { names: 'DNS:soon.example', toDays: 9 }),
  ];
  const checked = join(folder, 'checked.yaml');
  const check = (chain: string, key: string): string => {
    write(checked, [[chain, key]]);
    const { status, stderr } = spawnSync(process.execPath, [join(root, 'dist/weir.cjs'), 'proxy', '--config', checked, '--check'], {
      encoding: 'utf8',
    });
    return `${status} ${stderr.split('\n')[0]}`;
  };
  const nothing = join(folder, 'nothing.pem');
  writeFileSync(nothing, '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n');
  assert.match(check(expired.certificate, expired.key), /^1 .*expired\.pem: it expired on /);
  assert.match(check(future.certificate, future.key), /^1 .*future\.pem: it is not valid before /);
  assert.match(check(a.certificate, b.key), /^1 .*b\.key: it is not the key of .*a\.pem.* fix: name the key with which/);
  assert.match(check(join(folder, 'none.pem'), a.key), /^1 .*none\.pem: no such file.* fix: correct the path/i);
  assert.match(check(a.key, a.key), /^1 .*a\.key: there is no certificate in it/);
  assert.match(check(nothing, a.key), /^1 .*nothing\.pem: certificate 1: /);
  assert.match(check(a.certificate, a.certificate), /^1 .*a\.pem: the key: /);
  assert.match(check(soon.certificate, soon.key), /^0 weir proxy: .*soon\.pem: the certificate expires on \d{4}-/);
  assert.equal(check(a.certificate, a.key), '0 ');
  write(checked, [[a.certificate, a.key]], ', http2: true');
  const { stderr } = spawnSync(process.execPath, [join(root, 'dist/weir.cjs'), 'proxy', '--config', checked, '--check'], {
    encoding: 'utf8',
  });
  assert.match(stderr, /^weir proxy: listener \S+: http2 has no effect here/);
});
