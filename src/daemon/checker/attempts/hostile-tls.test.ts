// SSL_GET against servers that answer as none should: what an attempt costs has a bound, and its outcome is a failure.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { TLSSocket } from 'node:tls';
import {
  asked,
  BUFFERS,
  bytes,
  drip,
  endless,
  fails,
  garbage,
  HEAD,
  page,
  reset,
  SHORT,
  SHORTEST,
} from '../../../../test/support/hostile.js';
import { everywhere } from '../../../../test/support/hostile-places.js';
import { noTools } from '../../../../test/support/probes.js';
import { openFds } from '../../../sys/fd.js';

const secure = page({}, 'ssl');
after(() => assert.deepEqual(openFds(), []));

const folder = mkdtempSync(join(tmpdir(), 'weir-hostile-'));
after(() => rmSync(folder, { recursive: true }));
const [keyPath, certPath] = [join(folder, 'key'), join(folder, 'cert')];
const made = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', keyPath, '-out', certPath, '-subj', '/CN=x', '-days', '1'];
if (noTools('openssl') === false) execFileSync('openssl', made, { stdio: 'ignore' });

/** The server's end of TLS on a connection. */
function tlsOf(socket: Socket, work: (tls: TLSSocket) => void): void {
  const tls = new TLSSocket(socket, { isServer: true, key: readFileSync(keyPath), cert: readFileSync(certPath), maxVersion: 'TLSv1.2' });
  tls.on('error', () => {});
  // The connection's own events are the TLS socket's.
  tls.on('end', () => socket.destroy());
  tls.on('close', () => socket.destroy());
  tls.once('secure', () => work(tls));
  tls.resume();
}

const HANDSHAKE = fails('SSL handshake/communication error connecting to');

everywhere(
  'an SSL server that answers the handshake with garbage, once or for ever',
  { skip: noTools('openssl') },
  async ({ outcomeOf, judged }) => {
    for (let seed = 1; seed <= 20; seed++)
      assert.deepEqual(await outcomeOf((socket) => socket.end(garbage(3000, seed)), secure), HANDSHAKE);
    const { outcome, written } = await judged(secure, (socket) => endless(socket, garbage(65_536, 7)));
    assert.deepEqual(outcome, HANDSHAKE);
    assert.ok(written < BUFFERS, `${written} bytes were sent`);
  },
);

everywhere('an SSL server that begins a handshake and never ends it', { skip: noTools('openssl') }, async ({ outcomeOf, judged }) => {
  const hello = Uint8Array.from([22, 3, 3, 0x40, 0, 2, 0, 0x3f, 0xfc, 3, 3]);
  for (const begin of [new Uint8Array(0), hello.subarray(0, 3), hello]) {
    const behave = (socket: Socket): void => void socket.write(begin);
    assert.deepEqual(await outcomeOf(behave, secure, SHORT), fails('Timeout connecting'));
  }
  assert.deepEqual(
    await outcomeOf((socket) => drip(socket, '\x16\x03\x03\x40\x00'.padEnd(4000, '\0'), 5), secure, SHORT),
    fails('Timeout connecting'),
  );
  // A message of 16 MiB, as a flood of records.
  const record = new Uint8Array(5 + 16_384);
  record.set([22, 3, 3, 0x40, 0, 2, 0xff, 0xff, 0xff]);
  const { outcome, written } = await judged(secure, (socket) => endless(socket, record));
  assert.equal(outcome.kind, 'failure');
  assert.ok(written < BUFFERS, `${written} bytes were sent`);
});

everywhere(
  'an SSL server that resets or ends: before the handshake, in it, behind it',
  { skip: noTools('openssl') },
  async ({ outcomeOf }) => {
    assert.deepEqual(await outcomeOf(asked(reset), secure), HANDSHAKE);
    assert.deepEqual(
      await outcomeOf(
        asked((socket) => socket.end()),
        secure,
      ),
      HANDSHAKE,
    );
    const hello = Uint8Array.from([22, 3, 3, 0, 80, 2]);
    assert.deepEqual(
      await outcomeOf(
        asked((socket) => socket.write(hello, () => setTimeout(() => reset(socket), 20))),
        secure,
      ),
      HANDSHAKE,
    );
    const behind = (socket: Socket): void => tlsOf(socket, () => setTimeout(() => reset(socket), 20));
    assert.equal((await outcomeOf(behind, secure)).kind, 'failure');
  },
);

everywhere(
  'an SSL server that asks for new handshakes for ever, or sends garbage within TLS',
  { skip: noTools('openssl') },
  async ({ outcomeOf, judged }) => {
    const again = (socket: Socket): void =>
      tlsOf(socket, (tls) => {
        tls.setMaxListeners(0);
        const handshake = (): unknown => tls.renegotiate({}, (error) => error === null && handshake());
        handshake();
      });
    const { outcome } = await judged(secure, again, SHORTEST);
    assert.equal(outcome.kind, 'failure');
    const within = (socket: Socket): void => tlsOf(socket, (tls) => tls.end(garbage(5000, 3)));
    assert.equal(((await outcomeOf(within, secure)) as { kind: string }).kind, 'failure');
    const { outcome: long, written } = await judged(secure, (socket) =>
      tlsOf(socket, (tls) => {
        tls.write(HEAD);
        endless(tls, bytes('x'.repeat(65_536)));
      }),
    );
    assert.deepEqual(long, fails('HTTP header too long from'));
    assert.ok(written < BUFFERS, `${written} bytes were sent`);
  },
);
