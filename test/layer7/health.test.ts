// Health of a pool's servers: the verdict of checks, made once for all processes, and that of layer 4's; what stays over a reload and over new
// processes; failures of requests; what `weir proxy status` prints.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual, promisify } from 'node:util';
import { PoolTable } from '../../src/daemon/feedback/pool-table.js';
import { LOAD_SOURCES } from '../../src/model/feedback/load-source.js';
import type { PoolServerStatus, ProxyStatus } from '../../src/model/layer7/pool-status.js';
import { root } from '../support/project.js';
import { get, namedServer, RunningProxy } from './running-proxy.js';

const folder = mkdtempSync(join(tmpdir(), 'weir-health-'));
const config = join(folder, 'weir.yaml');

/** A server with a name, whose page of health has a status of its own. */
class Checked {
  status = 200;
  asked = 0;
  readonly server: Server;
  port = 0;

  constructor(readonly name: string) {
    this.server = createServer((request, answer) => {
      if (request.url === '/health') this.asked++;
      answer.statusCode = request.url === '/health' ? this.status : 200;
      answer.end(this.name);
    });
  }

  async listen(port = 0): Promise<this> {
    this.server.listen(port, '127.0.0.1');
    await once(this.server, 'listening');
    this.port = (this.server.address() as AddressInfo).port;
    return this;
  }

  close(): void {
    this.server.closeAllConnections();
    this.server.close();
  }
}

/** Feedback finds a pool by its name, whichever proxy of the network namespace has it; other tests run beside this one. */
const POOL = `health-${process.pid}`;

let [a, b] = [new Checked('a'), new Checked('b')];
before(async () => void (await Promise.all([a.listen(), b.listen()])));
after(() => {
  for (const one of [a, b]) one.close();
  rmSync(folder, { recursive: true });
});

async function start(port: number): Promise<RunningProxy> {
  writeFileSync(
    config,
    `layer7:
  listeners: {web: 127.0.0.1:${port}}
  pools:
    ${POOL}:
      servers: [127.0.0.1:${a.port}, 127.0.0.1:${b.port}]
      checks:
        HTTP_GET: {url: {path: /health, status_code: 200}}
        delay_loop: 0.2
        delay_before_retry: 0.1
        warmup: 0
        slow_start: 5
  hosts: [{locations: [{location: /, pool: ${POOL}}]}]
`,
  );
  const proxy = new RunningProxy(['--config', config, '--workers', '2', '--drain', '5']);
  await proxy.reported(/serves \S+ with 2 processes/);
  return proxy;
}

async function statusOf(server: Checked): Promise<PoolServerStatus> {
  const { stdout } = await promisify(execFile)(process.execPath, [join(root, 'dist/weir.cjs'), 'proxy', 'status', '--json']);
  const proxies = JSON.parse(stdout) as readonly ProxyStatus[];
  const found = proxies.flatMap(({ pools }) => pools[0]?.servers.find((one) => one.server === `127.0.0.1:${server.port}`) ?? []);
  assert.equal(found.length, 1, stdout);
  return found[0]!;
}

const answers = async (port: number, count: number): Promise<ReadonlySet<string>> =>
  new Set((await Promise.all(Array.from({ length: count }, () => get(port)))).map(({ status, text }) => `${status} ${text}`));

/** The processes get new orders after the log has the line. */
async function untilAnswered(port: number, names: readonly string[]): Promise<void> {
  const wanted = new Set(names.map((name) => `200 ${name}`));
  const deadline = Date.now() + 10_000;
  while (Date.now() < deadline && !isDeepStrictEqual(await answers(port, 8), wanted));
  assert.deepEqual(await answers(port, 8), wanted);
}

test('checks take a server out for all processes, over a reload and new processes, and a slow start brings it back', {
  timeout: 60_000,
}, async (context) => {
  const { server, port } = await namedServer('none');
  server.close();
  const proxy = await start(port);
  context.after(() => proxy.signal('SIGTERM'));
  await proxy.reported(new RegExp(`Activating healthchecker for service \\[127\\.0\\.0\\.1\\]:tcp:\\d+ for VS pool ${POOL}`));
  assert.deepEqual(await answers(port, 8), new Set(['200 a', '200 b']));
  a.status = 503;
  await proxy.reported(new RegExp(`pool ${POOL}: 127.0.0.1:${a.port} is down: HTTP_GET .*503`));
  await untilAnswered(port, ['b']);
  proxy.signal('SIGHUP');
  await proxy.reported(/the new configuration is in effect/);
  assert.deepEqual(await answers(port, 8), new Set(['200 b']));
  proxy.signal('SIGUSR2');
  await proxy.reported(/new processes serve/);
  assert.deepEqual(await answers(port, 8), new Set(['200 b']));
  const down = await statusOf(a);
  assert.deepEqual([down.state, down.isChecked, down.weightShare], ['down', true, null]);
  assert.match(down.why, /HTTP_GET .*503/);
  assert.ok(down.since !== null);
  const feedback = new PoolTable(POOL, LOAD_SOURCES['proxy-requests']);
  assert.equal(feedback.look() ?? feedback.missing, undefined, 'the proxy is asked');
  // it asks one proxy of the network namespace after the other
  let looked = feedback.look();
  for (const deadline = Date.now() + 20_000; looked === undefined && Date.now() < deadline; looked = feedback.look()) await sleep(100);
  assert.deepEqual(
    looked?.servers.map((one) => one.down ?? false),
    [true, false],
  );
  feedback.close();
  a.status = 200;
  await proxy.reported(new RegExp(`pool ${POOL}: 127.0.0.1:${a.port} is up`));
  const slow = await statusOf(a);
  assert.ok(slow.weight > 0 && slow.weight < 1, String(slow.weight));
  let whole = slow;
  for (const deadline = Date.now() + 30_000; whole.weight < 1 && Date.now() < deadline; whole = await statusOf(a)) await sleep(500);
  assert.deepEqual([whole.weight, whole.state, whole.failures], [1, 'up', 0]);
  assert.doesNotMatch(proxy.stderr, /quorum/);
  assert.ok(whole.requests > 0 && whole.answers === whole.requests);
  assert.deepEqual(await answers(port, 8), new Set(['200 a', '200 b']));
  // a server that is gone is skipped by failures of requests, before its check fails
  b.close();
  assert.deepEqual(await answers(port, 8), new Set(['200 a']));
  await proxy.reported(new RegExp(`pool ${POOL}: 127.0.0.1:${b.port} is down: HTTP_GET`));
  b = await new Checked('b').listen(b.port);
  await proxy.reported(new RegExp(`pool ${POOL}: 127.0.0.1:${b.port} is up`));
  proxy.signal('SIGTERM');
  assert.equal(await proxy.ended, 0);
});
