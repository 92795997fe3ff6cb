// Attempts of each kind against servers on loopback, good ones and bad ones.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer as createHttp } from 'node:http';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createSecureContext, createServer as createTls } from 'node:tls';
import { CLOSED_PORT } from '../../../../test/support/closed-port.js';
import { withoutSeen } from '../../../../test/support/hostile.js';
import { ip } from '../../../../test/support/ip.js';
import { noRoot, noTools } from '../../../../test/support/probes.js';
import type { Attempt, Outcome } from '../../../control/check/messages.js';
import type { VipCheck } from '../../../model/keepalived/vip-check.js';
import type { CheckKind } from '../../../model/keepalived/virtual-server.js';
import { openFds } from '../../../sys/fd.js';
import { runScript } from '../../scripts/run-script.js';
import { Attempts } from './attempts.js';

const LOOPBACK = ip('127.0.0.1');

/** The outcome of one attempt. */
function attempt(check: CheckKind, port: number, more: Partial<Attempt> = {}): Promise<Outcome> {
  return new Promise((done) => {
    const attempts = new Attempts(
      {
        runScript: ({ argv, text }) =>
          runScript(
            {
              kind: 'program',
              path: argv[0] ?? '',
              argv,
              text,
              identity: { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 },
            } as never,
            {
              timeoutMs: 6000,
            },
          ),
        secureContext: () => createSecureContext({ minVersion: 'TLSv1' }),
      },
      ([answered]) => {
        assert.equal(attempts.count, 0);
        assert.ok(answered !== undefined);
        done(withoutSeen(answered.outcome));
      },
    );
    const target = { address: LOOPBACK, port };
    attempts.start({
      number: 1,
      checker: 0,
      check,
      target,
      connectTimeoutUs: 20_000_000,
      intervalUs: 60_000_000,
      url: 0,
      hostName: 'lb1',
      ...more,
    });
  });
}

async function withServer<T>(server: Server, work: (port: number) => Promise<T>): Promise<T> {
  const open = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    open.add(socket);
    socket.on('error', () => {});
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  try {
    return await work((server.address() as AddressInfo).port);
  } finally {
    for (const socket of open) socket.destroy();
    await new Promise((done) => server.close(done));
  }
}

const http = (more: object = {}, url: object = {}): CheckKind =>
  ({ kind: 'http', urls: [{ path: '/x', statusCodes: [{ from: 200, to: 299 }], ...url }], protocol: '1.1', sni: false, ...more }) as never;

test('TCP_CHECK: accepted, refused, and from where it may not come', async () => {
  await withServer(createServer(), async (port) => {
    assert.deepEqual(await attempt({ kind: 'tcp' }, port), { kind: 'success' });
    const bound = { address: LOOPBACK, port, bindAddress: ip('127.0.0.9') };
    assert.deepEqual(await attempt({ kind: 'tcp' }, port, { target: bound }), { kind: 'success' });
    const foreign = { address: LOOPBACK, port, bindAddress: ip('192.0.2.77') };
    const cause = 'Checker bind failed: Cannot assign requested address';
    assert.deepEqual(await attempt({ kind: 'tcp' }, port, { target: foreign }), {
      kind: 'not-made',
      text: 'TCP socket bind failed. Rescheduling.',
      cause,
    });
    const udp = { kind: 'udp', requireReply: false, minReply: 0, maxReply: 255 } as const;
    assert.deepEqual(await attempt(udp, port, { target: foreign }), {
      kind: 'failure',
      text: 'unreachable',
      reason: 'Cannot assign requested address',
      cause: 'bind failed. errno: 99, error: Cannot assign requested address',
    });
    const elsewhere = { address: ip('255.255.255.255'), port };
    const broadcast = await attempt({ kind: 'dns', type: 'A', name: 'x' }, port, { target: elsewhere });
    assert.deepEqual(broadcast, {
      kind: 'not-made',
      text: 'UDP socket bind failed. Rescheduling.',
      cause: 'socket connect error 13 - Permission denied',
    });
  });
  assert.deepEqual(await attempt({ kind: 'tcp' }, CLOSED_PORT), { kind: 'failure', text: 'failed' });
  assert.deepEqual(openFds(), []);
});

test('HTTP_GET: a page, and a server that answers nothing, garbage, or for ever', async () => {
  const asked: string[] = [];
  const page = createHttp((request, response) => {
    asked.push(`${request.url} ${request.headers.host} ${request.headers['user-agent']}`);
    response.end('hello');
  });
  await withServer(page, async (port) => {
    assert.deepEqual(await attempt(http({}, { digest: '5d41402abc4b2a76b9719d911017c592' }), port), {
      kind: 'success',
      text: 'MD5 digest',
    });
    assert.deepEqual(asked, [`/x 127.0.0.1:${port} KeepAliveClient`]);
    const regex = { pattern: 'h(.*)o$', options: ['caseless'], negate: false, minOffset: 0 };
    assert.deepEqual(await attempt(http({}, { regex }), port), { kind: 'success', text: 'Regex match' });
    assert.match(
      JSON.stringify(await attempt(http({}, { regex: { ...regex, pattern: '(' } }), port)),
      /Regex match failed \(missing closing/,
    );
  });
  const failure = (text: string): Outcome => ({ kind: 'failure', text });
  await withServer(
    createServer((socket) => socket.end()),
    async (port) => assert.deepEqual(await attempt(http(), port), failure('Read, no data received from ')),
  );
  await withServer(
    createServer((socket) => socket.end('nonsense\r\n\r\n')),
    async (port) => assert.deepEqual(await attempt(http(), port), failure('HTTP status code error to')),
  );
  await withServer(createServer(), async (port) =>
    assert.deepEqual(await attempt(http(), port, { connectTimeoutUs: 50_000 }), failure('Timeout WEB read')),
  );
  const dripping = createServer((socket) => {
    socket.write('HTTP/1.1 200 OK\r\n');
    const timer = setInterval(() => socket.write('x'), 5);
    socket.on('close', () => clearInterval(timer));
  });
  await withServer(dripping, async (port) =>
    assert.deepEqual(await attempt(http(), port, { connectTimeoutUs: 100_000 }), failure('Timeout HTTP read')),
  );
  assert.deepEqual(openFds(), []);
});

test('SSL_GET: any certificate, the server name on request, and a server that speaks no TLS', { skip: noTools('openssl') }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-ssl-'));
  try {
    const [key, cert] = [join(folder, 'key'), join(folder, 'cert')];
    execFileSync(
      'openssl',
      ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', cert, '-subj', '/CN=x', '-days', '1'],
      {
        stdio: 'ignore',
      },
    );
    const names: (string | false)[] = [];
    const server = createTls({ key: readFileSync(key), cert: readFileSync(cert) }, (socket) => {
      names.push(socket.servername || false);
      socket.on('error', () => {});
      socket.end('HTTP/1.0 200 OK\r\n\r\nhello');
    });
    await withServer(server, async (port) => {
      const ssl = { kind: 'ssl' } as const;
      assert.deepEqual(await attempt(http(ssl), port), { kind: 'success', text: 'HTTP status code' });
      assert.deepEqual(await attempt(http({ ...ssl, sni: true, virtualHost: 'www.example.com:443' }), port), {
        kind: 'success',
        text: 'HTTP status code',
      });
    });
    assert.deepEqual(names, [false, 'www.example.com']);
    await withServer(
      createServer((socket) => socket.end('220 no TLS here\r\n')),
      async (port) =>
        assert.deepEqual(await attempt(http({ kind: 'ssl' }), port), {
          kind: 'failure',
          text: 'SSL handshake/communication error connecting to',
        }),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('SMTP_CHECK: a conversation in pieces', async () => {
  const relay = createServer((socket) => {
    socket.write('22');
    setImmediate(() => socket.write('0 ready\r\n'));
    socket.on('data', (data) => socket.write(data.toString().startsWith('HELO lb1') ? '250 hello\r\n' : '221 bye\r\n'));
  });
  await withServer(relay, async (port) => assert.deepEqual(await attempt({ kind: 'smtp' }, port), { kind: 'success' }));
});

test('UDP_CHECK and DNS_CHECK: an answer, silence, and a port that is closed', async () => {
  const server = createSocket('udp4');
  server.on('message', (message, { port }) => {
    const answer = Buffer.from(message);
    if (answer.length > 12) answer[2] = 0x81;
    server.send(answer, port, '127.0.0.1');
  });
  await new Promise<void>((done) => server.bind(0, '127.0.0.1', done));
  const { port } = server.address();
  const udp = { kind: 'udp', requireReply: true, minReply: 2, maxReply: 2, payload: '6869', reply: '68xx' } as const;
  assert.deepEqual(await attempt(udp, port), { kind: 'success' });
  assert.deepEqual(await attempt({ kind: 'dns', type: 'SOA', name: '.' }, port), { kind: 'success' });
  await new Promise<void>((done) => server.close(done));
  assert.deepEqual(await attempt(udp, CLOSED_PORT), { kind: 'failure', text: 'failed' });
  assert.match(
    JSON.stringify(await attempt({ kind: 'dns', type: 'A', name: 'x' }, CLOSED_PORT)),
    /failed to read socket; errno 111 \(Connection refused\)/,
  );
  assert.deepEqual(openFds(), []);
});

test('PING_CHECK: loopback answers', { skip: noRoot() }, async () => {
  assert.deepEqual(await attempt({ kind: 'ping' }, 80), { kind: 'success' });
  assert.deepEqual(await attempt({ kind: 'ping' }, 80, { target: { address: ip('::1'), port: 80 } }), { kind: 'success' });
  assert.deepEqual(openFds(), []);
});

test('MISC_CHECK: status, signal, a script that does not end, and one that is not there', async () => {
  const script = (...argv: readonly string[]): CheckKind => ({
    kind: 'misc',
    script: { argv, text: argv.join(' ') },
    timeoutUs: 0,
    dynamic: false,
  });
  assert.deepEqual(await attempt(script('/bin/true'), 0), { kind: 'success', status: 0 });
  assert.deepEqual(await attempt(script('/bin/sh', '-c', 'exit 3'), 0), {
    kind: 'failure',
    text: 'failed (exited with status 3)',
    status: 3,
  });
  assert.deepEqual(await attempt(script('/bin/sh', '-c', 'kill -9 $$'), 0), { kind: 'failure', text: 'failed (due to signal 9)' });
  assert.deepEqual(await attempt(script('/bin/sleep', '60'), 0), { kind: 'failure', text: 'timed out' });
  assert.match(JSON.stringify(await attempt(script('/nowhere/x'), 0)), /"not-made".*\[\/nowhere\/x\] cannot be made: ENOENT/);
});

test('VIP_CHECK is no verdict about what the datapath cannot do, or a SYN cannot show', async () => {
  const vips = [{ address: ip('192.0.2.1'), port: 80 }];
  const usual = { kind: 'vip', method: 'route', protocol: 'tcp', vips } as const;
  const refused = async (check: Partial<VipCheck>, port = 80): Promise<string> => {
    const outcome = await attempt({ ...usual, ...check }, port);
    assert.equal(outcome.kind, 'not-made');
    return outcome.kind === 'not-made' ? outcome.text.replace('VIP_CHECK of 127.0.0.1 port ', '') : '';
  };
  assert.equal(await refused({ method: 'tunnel' }), '80 cannot be made: servers behind tunnels cannot be asked yet');
  assert.equal(
    await refused({ vips: [] }),
    '80 cannot be made: the service has no address of this family that could be asked for: a firewall mark has none',
  );
  assert.equal(await refused({ protocol: 'udp' }), '80 cannot be made: a service of UDP answers no SYN');
  assert.equal(
    await refused({ vips: [{ address: ip('2001:db8::1'), port: 80 }] }),
    '80 cannot be made: connect_ip is of another family than the service',
  );
  const ports = 'the service has all ports, and none can be chosen';
  assert.equal(await refused({ vips: [{ address: ip('192.0.2.1'), port: 0 }] }), `80 cannot be made: ${ports}`);
  assert.equal(await refused({ method: 'masq' }, 0), `0 cannot be made: ${ports}`);
  assert.equal(await refused({}), '80 cannot be made: the real server is this host itself');
  assert.deepEqual(openFds(), []);
});
