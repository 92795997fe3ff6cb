// The API's process on its two sockets: who may what by which, what a killed process leaves, and as a part of weir run.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { root } from '../support/project.js';

const folder = mkdtempSync(join(tmpdir(), 'weir-api-'));
const path = (name: string): string => join(folder, name);
after(() => rmSync(folder, { recursive: true }));
writeFileSync(path('weir.yaml'), `api: {write_socket: ${path('api.sock')}, read_socket: ${path('read.sock')}}\n`);
writeFileSync(path('keepalived.conf'), 'global_defs {\n  router_id weir_api_test\n}\n');

class Running {
  readonly child: ChildProcess;
  #output = '';

  constructor(...args: readonly string[]) {
    this.child = spawn(process.execPath, [join(root, 'dist/weir.cjs'), 'weir', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.child.stdout, this.child.stderr]) stream?.on('data', (piece) => (this.#output += piece));
  }

  async logged(pattern: RegExp, count = 1): Promise<string> {
    for (;;) {
      const found = [...this.#output.matchAll(new RegExp(pattern, 'g'))][count - 1];
      if (found !== undefined) return found[1] ?? '';
      if (this.child.exitCode !== null || this.child.signalCode !== null) throw new Error(`it ended: ${this.#output}`);
      await sleep(50);
    }
  }

  async end(signal: NodeJS.Signals): Promise<number | null> {
    const ended = once(this.child, 'exit');
    this.child.kill(signal);
    await ended;
    return this.child.exitCode;
  }
}

interface Answered {
  readonly status: number;
  readonly text: string;
}

const get = (socket: string, at: string): Promise<Answered> =>
  new Promise((done, fail) => {
    const asked = request({ socketPath: path(socket), path: at, headers: { host: 'localhost' }, agent: false }, (answer) => {
      let text = '';
      answer.setEncoding('utf8');
      answer.on('data', (piece: string) => (text += piece));
      answer.on('end', () => done({ status: answer.statusCode ?? 0, text }));
    });
    asked.on('error', fail);
    asked.end();
  });

const modeOf = (socket: string): number => statSync(path(socket)).mode & 0o777;
const serve = (): Running => new Running('api', 'serve', '--config', path('weir.yaml'));

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

/** Its own: a daemon of another test may run meanwhile. */
const PIDS = ['p', 'r', 'c', 'b'].flatMap((letter) => [`-${letter}`, path(`${letter}.pid`)]);

test('weir run has it as a process: killed, it comes back; switched off by a reload, it closes them', {
  timeout: 60_000,
}, async (context) => {
  const daemon = new Running('run', '--weir-config', path('weir.yaml'), '-f', path('keepalived.conf'), '-n', '-l', '-D', ...PIDS);
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
