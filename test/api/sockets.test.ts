// The API's process on its two sockets: who may what by which, what a killed process leaves, and as a part of weir run.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, closeSync, mkdtempSync, openSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { root } from '../support/project.js';
import { type Answered, askSocket, RunningWeir } from './running-weir.js';

const folder = mkdtempSync(join(tmpdir(), 'weir-api-'));
const path = (name: string): string => join(folder, name);
after(() => rmSync(folder, { recursive: true }));
writeFileSync(path('weir.yaml'), `api: {write_socket: ${path('api.sock')}, read_socket: ${path('read.sock')}}\n`);
writeFileSync(path('keepalived.conf'), 'global_defs {\n  router_id weir_api_test\n}\n');

const get = (socket: string, at: string): Promise<Answered> => askSocket(path(socket), 'GET', at);

const modeOf = (socket: string): number => statSync(path(socket)).mode & 0o777;
const serve = (): RunningWeir => new RunningWeir(['api', 'serve', '--config', path('weir.yaml')]);

test('each socket has its mode and its rights; a killed process is followed by the next, a living one is left alone', {
  timeout: 60_000,
}, async (context) => {
  const first = serve();
  context.after(() => first.child.kill('SIGKILL'));
  await first.logged(/the API answers/);
  assert.deepEqual([modeOf('api.sock'), modeOf('read.sock')], [0o660, 0o666]);
  assert.deepEqual(await get('read.sock', '/livez'), { status: 200, text: 'ok\n' });
  assert.equal((await get('read.sock', '/v1/connections')).status, 403);
  assert.notEqual((await get('api.sock', '/v1/connections')).status, 403);
  const full = openSync('/dev/full', 'w');
  const words = [join(root, 'dist/weir.cjs'), 'weir', 'api', 'GET', '/v1', '--socket', path('read.sock')];
  const unwritten = spawnSync(process.execPath, words, { stdio: ['ignore', full, 'pipe'], encoding: 'utf8' });
  closeSync(full);
  const why = 'weir api: standard output cannot be written: no space left on device\n';
  assert.deepEqual([unwritten.status, unwritten.stderr], [1, why]);
  const second = serve();
  await once(second.child, 'exit');
  assert.equal(second.child.exitCode, 1);
  await first.end('SIGKILL');
  const third = serve();
  context.after(() => third.child.kill('SIGKILL'));
  await third.logged(/the API answers/);
  assert.equal((await get('api.sock', '/livez')).status, 200);
  assert.equal(await third.end('SIGTERM'), 0);
});

/** 300 connections, each with an answer or cut off; it keeps them, and prints how many were cut off. */
const FLOOD = `
  const net = require('node:net');
  let [ended, cut] = [0, 0];
  const one = () => {
    if (++ended === 300) console.log('cut off: ' + cut);
  };
  for (let index = 0; index < 300; index++) {
    const socket = net.connect(process.argv[1], () => socket.write('GET /livez HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n'));
    socket.once('data', one);
    socket.on('error', () => {});
    socket.once('close', () => {
      cut++;
      one();
    });
  }`;
const NOBODY = 65_534;

test('a user of the host has a bounded number of connections, and others are answered meanwhile', { timeout: 60_000 }, async (context) => {
  chmodSync(folder, 0o755);
  const api = serve();
  context.after(() => api.child.kill('SIGKILL'));
  await api.logged(/the API answers/);
  const stdio = ['ignore', 'pipe', 'inherit'] as const;
  const flood = spawn(process.execPath, ['-e', FLOOD, path('read.sock')], { uid: NOBODY, gid: NOBODY, stdio: [...stdio], cwd: '/' });
  context.after(() => flood.kill('SIGKILL'));
  const [printed] = (await once(flood.stdout ?? assert.fail(), 'data')) as [Buffer];
  assert.equal(String(printed), 'cut off: 44\n');
  assert.equal((await get('read.sock', '/livez')).status, 200);
});

/** Its own: a daemon of another test may run meanwhile. */
const PIDS = ['p', 'r', 'c', 'b'].flatMap((letter) => [`-${letter}`, path(`${letter}.pid`)]);

test('weir run has it as a process: killed, it comes back; switched off by a reload, it closes them', {
  timeout: 60_000,
}, async (context) => {
  const daemon = new RunningWeir(['run', '--weir-config', path('weir.yaml'), '-f', path('keepalived.conf'), '-n', '-l', '-D', ...PIDS]);
  context.after(() => daemon.child.kill('SIGKILL'));
  await daemon.logged(/the API answers/);
  process.kill(Number(await daemon.logged(/Starting API child process, pid=(\d+)/)), 'SIGKILL');
  await daemon.logged(/the API answers/, 2);
  assert.equal((await get('read.sock', '/livez')).status, 200);
  writeFileSync(path('weir.yaml'), 'api: {enabled: false}\n');
  daemon.child.kill('SIGHUP');
  await daemon.logged(/Reload complete/);
  await assert.rejects(get('read.sock', '/livez'), /ECONNREFUSED|ENOENT/);
  assert.equal(await daemon.end('SIGTERM'), 0);
});
