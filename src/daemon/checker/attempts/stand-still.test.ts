// Attempts of a process that stands still while the answer comes: a stopped machine, a long pause of its loop. No server fails by that.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { attempt, page } from '../../../../test/support/hostile.js';
import type { Outcome } from '../../../control/check/messages.js';
import { systemClock } from '../../../sys/clock.js';
import { runScript } from '../../scripts/run-script.js';

/** Answers 300 ms after it was asked, by TCP as a web or a mail server, by UDP as a DNS server; never at the silent port. */
const SERVER = `
const later = (work) => setTimeout(work, 300);
const tcp = require('node:net').createServer((socket) => {
  socket.on('error', () => {});
  socket.on('data', (data) => later(() => (String(data).startsWith('GET') ? socket.end('HTTP/1.0 200 OK\\r\\n\\r\\n') : socket.write('250 ok\\r\\n'))));
});
const silent = require('node:net').createServer((socket) => socket.on('error', () => {}));
const mail = require('node:net').createServer((socket) => (tcp.emit('connection', socket), later(() => socket.write('220 ready\\r\\n'))));
const dns = require('node:dgram').createSocket('udp4');
dns.on('message', (query, { port, address }) => later(() => (query.writeUInt16BE(0x8180, 2), dns.send(query, port, address))));
const listen = (server) => new Promise((done) => server.listen(0, '127.0.0.1', () => done(server.address().port)));
dns.bind(0, '127.0.0.1', async () => {
  const ports = { web: await listen(tcp), silent: await listen(silent), mail: await listen(mail), dns: dns.address().port };
  process.send(ports);
});
`;
/** Longer than a server that answers after 300 ms takes on a busy machine, and shorter than this process stands still. */
const LIMIT_MS = 4000;
const LIMIT = { connectTimeoutUs: LIMIT_MS * 1000 };
const STILL_MS = 6000;

let server: ChildProcess;
let ports: Readonly<Record<'web' | 'silent' | 'mail' | 'dns', number>>;

before(async () => {
  server = spawn(process.execPath, ['-e', SERVER], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  [ports] = await once(server, 'message');
});
after(() => server.kill());

/** This thread does nothing at all, as if it was stopped, until timers come next in its loop. */
const standStill = (): Promise<unknown> => new Promise((done) => setImmediate(() => done(systemClock.sleep(STILL_MS))));

test('what was answered while the process stood still counts, in each phase of a conversation', async () => {
  const mail = (): Promise<Outcome> => attempt({ kind: 'smtp' }, ports.mail, LIMIT);
  const begun = [mail()];
  await sleep(300);
  begun.push(mail());
  await sleep(300);
  begun.push(mail(), attempt(page(), ports.web, LIMIT), attempt({ kind: 'dns', type: 'A', name: 'x' }, ports.dns, LIMIT));
  await sleep(100);
  await standStill();
  const kinds = (await Promise.all(begun)).map(({ kind }) => kind);
  assert.deepEqual(kinds, ['success', 'success', 'success', 'success', 'success']);
});

test('a server that answers nothing fails all the same, at most its time later', async () => {
  const outcome = attempt(page(), ports.silent, LIMIT);
  await sleep(100);
  await standStill();
  const goesOn = performance.now();
  assert.deepEqual(await outcome, { kind: 'failure', text: 'Timeout WEB read' });
  const lastedMs = performance.now() - goesOn;
  assert.ok(lastedMs < 2 * LIMIT_MS, `${lastedMs} ms`);
});

test('a script that ended in its time while the process stood still has not timed out', async () => {
  const identity = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
  const words = ['sh', '-c', 'sleep 0.3; exit 7'];
  const running = runScript({ kind: 'program', path: '/bin/sh', argv: words, text: 'sh', identity } as never, { timeoutMs: 1000 });
  assert.ok(typeof running !== 'string');
  await sleep(100);
  await standStill();
  assert.deepEqual(await running.ended, { kind: 'exited', status: 7 });
});
