// What a check saw instead of what it wants: for people, beside keepalived's own words.
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { type AddressInfo, createServer } from 'node:net';
import { test } from 'node:test';
import { CLOSED_PORT } from '../../../../test/support/closed-port.js';
import { attemptWhole, page, SHORT } from '../../../../test/support/hostile.js';
import type { Attempt } from '../../../control/check/messages.js';
import { shownFailure } from '../../../control/check/shown-failure.js';
import type { CheckKind, HttpUrl } from '../../../model/keepalived/virtual-server.js';

/** What people are shown of an attempt at a server that answers the first bytes (of SMTP: the connection, line by line) with this, and closes. */
async function shownAt(check: CheckKind, answer: string): Promise<string> {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    const [first = '', second = ''] = answer.split(/(?<=\n)/);
    if (check.kind === 'smtp') socket.write(first, 'latin1');
    if (check.kind === 'smtp') socket.once('data', () => socket.end(second, 'latin1'));
    else socket.once('data', () => socket.end(answer, 'latin1'));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  try {
    return await shown(check, (server.address() as AddressInfo).port);
  } finally {
    await new Promise((done) => server.close(done));
  }
}

async function shown(check: CheckKind, port: number, more: Partial<Attempt> = {}): Promise<string> {
  const outcome = await attemptWhole(check, port, more);
  return outcome.kind === 'failure' ? shownFailure(outcome).replaceAll(String(port), 'PORT') : outcome.kind;
}

const regex = (more: object = {}): Partial<HttpUrl> => ({
  regex: { pattern: 'OK', options: [], negate: false, minOffset: 0, maxOffset: 0, ...more },
});
const HEAD = 'HTTP/1.1 200 OK\r\n\r\n';

test('HTTP_GET: the page, its status, its digest, or how its body begins, as one printable line', async () => {
  assert.equal(await shownAt(page(), 'HTTP/1.1 503 No\r\n\r\n'), 'HTTP status code error (/: status 503)');
  assert.equal(await shownAt(page(), 'garbage\r\n\r\n'), 'HTTP status code error (/: no status)');
  assert.equal(await shownAt(page(), 'SSH-2.0-x\r\n'), 'Read, no data received (/: no HTTP: "SSH-2.0-x..")');
  assert.equal(await shownAt(page(), ''), 'Read, no data received (/: closed without an answer)');
  assert.equal(
    await shownAt(page({ digest: 'd41d8cd98f00b204e9800998ecf8427e' }), `${HEAD}x`),
    'MD5 digest error (/: 9dd4e461268c8034f5c8564e155c67a6 of 1 byte)',
  );
  assert.equal(await shownAt(page(regex()), `${HEAD}NO\n\u001b[31m\u00e9`), 'Regex match failed (/: 9 bytes, "NO..[31m.")');
  assert.equal(await shownAt(page(regex()), `${HEAD}${'x'.repeat(100)}`), `Regex match failed (/: 100 bytes, "${'x'.repeat(60)}" …)`);
  assert.equal(await shown(page(), CLOSED_PORT), 'Connection failed (connection refused)');
  assert.match(await shownAt(page({}, 'ssl'), HEAD), /^SSL handshake\/communication error \(wrong version number\)$/);
});

test('TCP_CHECK, SMTP_CHECK and UDP_CHECK: refused, silent, or the answer itself', async () => {
  assert.equal(await shown({ kind: 'tcp' }, CLOSED_PORT), 'failed (connection refused)');
  const smtp: CheckKind = { kind: 'smtp' };
  assert.equal(await shown(smtp, CLOSED_PORT), 'Could not connect to server [127.0.0.1]:PORT (connection refused)');
  assert.equal(await shownAt(smtp, '554 go away\u0007\r\n'), 'Bad greeting banner from server [127.0.0.1]:PORT ("554 go away.")');
  assert.equal(await shownAt(smtp, '220 hi\r\n550 no\r\n'), 'Bad HELO response from server [127.0.0.1]:PORT ("550 no")');
  const udp: CheckKind = { kind: 'udp', requireReply: true, reply: '6f6b', minReply: 2, maxReply: 255 };
  assert.equal(await shown(udp, CLOSED_PORT), 'failed (Connection refused)');
  let answer: Buffer | undefined;
  const server = createSocket('udp4', (_, from) => void (answer !== undefined && server.send(answer, from.port, from.address)));
  await new Promise<void>((done) => server.bind(0, '127.0.0.1', done));
  try {
    assert.equal(await shown(udp, server.address().port, SHORT), 'failed (no reply within 0.5 s)');
    answer = Buffer.from('a'.repeat(20));
    assert.equal(await shown(udp, server.address().port), `reply data mismatch (20 bytes: ${'61'.repeat(16)} …)`);
  } finally {
    await new Promise<void>((done) => server.close(done));
  }
});
