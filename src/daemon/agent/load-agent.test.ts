import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LogLevel } from '../../model/log-level.js';
import { decodeAgentText } from '../../wire/load/agent-text.js';
import { decodeWeirLoad, encodeWeirLoad } from '../../wire/load/weir-load.js';
import { AGENT_SCRIPT } from './agent-script.js';
import { LoadAgent } from './load-agent.js';

const HERE = { host: '127.0.0.1', port: 0 };

function ask(port: number, path = '/weir-load'): Promise<{ readonly status: number; readonly body: string }> {
  return new Promise((done, fail) => {
    get({ host: HERE.host, port, path, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => (body += text));
      response.on('end', () => done({ status: response.statusCode ?? 0, body }));
    }).on('error', fail);
  });
}

function line(port: number): Promise<string> {
  return new Promise((done, fail) => {
    let text = '';
    const socket = connect(port, HERE.host).setEncoding('utf8');
    socket.on('data', (more: string) => (text += more));
    socket.on('end', () => done(text)).on('error', fail);
  });
}

test('the agent answers with counters and with a line, drains by a file, and reports what it cannot read', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-agent-'));
  const [counters, drain] = [join(folder, 'counters'), join(folder, 'drain')];
  const lines: string[] = [];
  const log = (level: LogLevel, text: string): void => void lines.push(`${level} ${text}`);
  const agent = new LoadAgent({ cpu: true, counters, drain, http: HERE, text: HERE, log });
  const worker = (busy: number): string =>
    encodeWeirLoad({ clockUs: 1, run: 'w', resources: [{ name: 'worker', busy, total: busy * 2 }], completed: 7 });
  try {
    await agent.start();
    const [http = 0, text = 0] = agent.ports;
    assert.equal((await ask(http)).status, 503);
    assert.deepEqual(lines, [`warning ${counters} cannot be read`]);
    writeFileSync(counters, worker(10));
    const read = decodeWeirLoad((await ask(http)).body);
    assert.ok(read.kind === 'report');
    const { resources = [], completed, clockUs = 0 } = read.report.counters ?? {};
    assert.deepEqual([resources.map(({ name }) => name), completed, read.report.state], [['cpu', 'worker'], 7, { kind: 'ready' }]);
    assert.ok(clockUs > 0);
    assert.equal((await ask(http, '/')).status, 404);
    await sleep(1100);
    writeFileSync(counters, worker(20));
    writeFileSync(drain, 'disk full\n');
    const words = decodeAgentText((await line(text)).trimEnd());
    assert.ok(
      typeof words === 'object' && words.admin === 'drain' && words.percent !== undefined && words.percent <= 50,
      JSON.stringify(words),
    );
    const drained = decodeWeirLoad((await ask(http)).body);
    assert.deepEqual(drained.kind === 'report' && drained.report.state, { kind: 'drain', why: 'disk full' });
  } finally {
    agent.stop();
    rmSync(folder, { recursive: true });
  }
});

test('the script answers as the agent does', () => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-agent-'));
  const script = join(folder, 'weir-agent.sh');
  const asked = (input: string, args: readonly string[] = [], env = {}): string =>
    spawnSync('/bin/sh', [script, ...args], { input, encoding: 'utf8', env: { ...process.env, ...env } }).stdout;
  try {
    writeFileSync(script, AGENT_SCRIPT);
    const [head = '', body = ''] = asked('GET /weir-load HTTP/1.1\r\nHost: a\r\n\r\n').split('\r\n\r\n');
    assert.match(head, /^HTTP\/1\.1 200 OK\r\n/);
    assert.match(head, new RegExp(`Content-Length: ${body.length}\r\n`));
    const read = decodeWeirLoad(body);
    assert.ok(read.kind === 'report', JSON.stringify(read));
    assert.deepEqual(read.report.state, { kind: 'ready' });
    assert.match(asked('GET /other HTTP/1.1\r\n\r\n'), /^HTTP\/1\.1 404 /);
    assert.match(asked('\0\0$(reboot)\r\n'), /^HTTP\/1\.1 404 /);
    const words = decodeAgentText(asked('', ['text'], { WEIR_DRAIN_FILE: script }).trimEnd());
    assert.ok(typeof words === 'object' && words.admin === 'drain' && (words.percent ?? -1) >= 0, JSON.stringify(words));
  } finally {
    rmSync(folder, { recursive: true });
  }
});
