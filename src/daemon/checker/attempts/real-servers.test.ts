// Checks against servers as they are run in the field, on loopback: OpenSSL's, dnsmasq, OpenSMTPD. Success, and each one's own refusals.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { attempt, page, SHORT } from '../../../../test/support/hostile.js';
import { noRoot, noTools } from '../../../../test/support/probes.js';
import type { Outcome } from '../../../control/check/messages.js';
import type { CheckKind } from '../../../model/keepalived/virtual-server.js';
import { openFds } from '../../../sys/fd.js';
import { startChild } from '../../../sys/processes/child.js';

let folder: string;
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'weir-real-'));
});
after(() => {
  assert.deepEqual(openFds(), []);
  rmSync(folder, { recursive: true });
});

/** Below net.ipv4.ip_local_port_range, so that the kernel gives it to no other test before the server has it. */
let nextPort = 10_000 + ((process.pid * 16) % 16_000);

const accepts = (port: number): Promise<boolean> =>
  new Promise((done) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      done(true);
    });
    socket.once('error', () => done(false));
  });

/** Runs a server while `work` goes on; `{port}` in its words is its port. */
async function withServer(words: readonly string[], work: (port: number) => Promise<void>): Promise<void> {
  const port = nextPort++;
  const server = await startChild(
    words.map((word) => word.replaceAll('{port}', String(port))),
    {},
  );
  try {
    while (!(await accepts(port))) assert.ok(server.running(), server.stderr());
    await work(port);
  } finally {
    await server.stop();
  }
}

/** A key and its certificate in one file. */
function certificate(): string {
  const path = join(folder, 'pem');
  const made = [
    'req',
    '-x509',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-keyout',
    path,
    '-out',
    join(folder, 'cert'),
    '-subj',
    '/CN=x',
    '-days',
    '1',
  ];
  execFileSync('openssl', made, { stdio: 'ignore' });
  execFileSync('sh', ['-c', `cat ${join(folder, 'cert')} >> ${path}`]);
  return path;
}

test('openssl s_server: its page by each version of TLS, and what it refuses', { skip: noTools('openssl') }, async () => {
  const server = ['openssl', 's_server', '-accept', '127.0.0.1:{port}', '-cert', certificate(), '-www', '-quiet'];
  const ssl = page({}, 'ssl');
  for (const version of [['-tls1_2'], ['-tls1_3'], ['-tls1', '-cipher', 'ALL:@SECLEVEL=0']]) {
    await withServer([...server, ...version], async (port) => {
      assert.deepEqual(await attempt(ssl, port), { kind: 'success', text: 'HTTP status code' }, version.join(' '));
      const other = page({ statusCodes: [{ from: 204, to: 204 }] }, 'ssl');
      assert.deepEqual(await attempt(other, port), { kind: 'failure', text: 'HTTP status code error to' });
      const regex = (pattern: string): CheckKind => page({ regex: { pattern, options: [], negate: false, minOffset: 0 } }, 'ssl');
      assert.deepEqual(await attempt(regex('s_server'), port), { kind: 'success', text: 'Regex match' });
      assert.deepEqual(await attempt(regex('no such words'), port), { kind: 'failure', text: 'Regex match failed' });
      assert.equal((await attempt(page(), port)).kind, 'failure', 'HTTP where TLS is spoken');
    });
  }
  // One that wants a certificate which the check does not have.
  await withServer([...server, '-tls1_2', '-Verify', '1'], async (port) =>
    assert.deepEqual(await attempt(ssl, port), { kind: 'failure', text: 'SSL handshake/communication error connecting to' }),
  );
});

test('dnsmasq: a name that it has, one that it has not, and a domain that it does not serve', {
  skip: noTools('dnsmasq') || noRoot(),
}, async () => {
  const only = [
    '--port={port}',
    '--listen-address=127.0.0.1',
    '--bind-interfaces',
    '--no-resolv',
    '--no-hosts',
    '--conf-file=/dev/null',
    '--pid-file=',
  ];
  const names = ['--host-record=www.example.org,192.0.2.1', '--local=/example.org/', '--user=root'];
  await withServer(['dnsmasq', '--keep-in-foreground', ...only, ...names], async (port) => {
    const dns = (name: string, type = 'A'): Promise<Outcome> => attempt({ kind: 'dns', type, name }, port);
    assert.deepEqual(await dns('www.example.org'), { kind: 'success' });
    assert.deepEqual(await dns('www.example.org', 'AAAA'), { kind: 'success' }, 'no data is no error');
    assert.deepEqual(await dns('none.example.org'), { kind: 'failure', text: 'read error occurred. (rcode = 3)' });
    assert.deepEqual(await dns('www.example.com'), { kind: 'failure', text: 'read error occurred. (rcode = 5)' });
    assert.deepEqual(await attempt({ kind: 'tcp' }, port), { kind: 'success' });
    assert.deepEqual(await attempt({ kind: 'udp', requireReply: false, minReply: 0, maxReply: 255, payload: '00' }, port, SHORT), {
      kind: 'success',
    });
  });
});

test('OpenSMTPD: a whole conversation, and a name for HELO that it refuses', { skip: noTools('smtpd') || noRoot() }, async () => {
  // Its spool and its control socket stay its own: a mail server of this host goes on.
  const mounts = 'mount -t tmpfs -o mode=755 tmpfs /run && mount -t tmpfs -o mode=755 tmpfs /var/spool';
  const conf = join(folder, 'smtpd.conf');
  const start = `${mounts} && echo listen on 127.0.0.1 port {port} hostname mail.example.org > ${conf} && echo match from any for any reject >> ${conf} && exec smtpd -d -f ${conf}`;
  await withServer(['unshare', '--mount', 'sh', '-c', start], async (port) => {
    assert.deepEqual(await attempt({ kind: 'smtp' }, port), { kind: 'success' });
    assert.deepEqual(await attempt({ kind: 'smtp', heloName: 'a\rb' }, port), {
      kind: 'failure',
      text: `Bad HELO response from server [127.0.0.1]:${port}`,
    });
    assert.equal((await attempt(page(), port)).kind, 'failure', 'HTTP where SMTP is spoken');
  });
});
