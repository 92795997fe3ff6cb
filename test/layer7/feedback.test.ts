// The weights of a pool as feedback moves them: where they are still what it read, in units of hundredths, kept over a reload, and without an end
// to a WebSocket; and what the proxy measured of the servers.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LookedAt } from '../../src/daemon/feedback/feedback-table.js';
import { PoolTable } from '../../src/daemon/feedback/pool-table.js';
import { LOAD_SOURCES } from '../../src/model/feedback/load-source.js';
import { freePort } from '../support/free-port.js';
import { get, namedServer, RunningProxy, webSocket } from './running-proxy.js';

/** Feedback finds a pool by its name, whichever proxy of the network namespace has it; other tests run beside this one. */
const POOL = `feedback-${process.pid}`;
const folder = mkdtempSync(join(tmpdir(), 'weir-pool-'));
const config = join(folder, 'weir.yaml');
after(() => rmSync(folder, { recursive: true }));

const servers = await Promise.all(['a', 'b'].map(namedServer));
const loaded = createServer((_, answer) => answer.writeHead(200, { 'endpoint-load-metrics': 'TEXT cpu_utilization:0.25' }).end('c'));
loaded.listen(0, '127.0.0.1');
await once(loaded, 'listening');
after(() => {
  for (const { server } of [...servers, { server: loaded }]) {
    server.closeAllConnections();
    server.close();
  }
});

async function start(places: readonly string[]): Promise<{ readonly proxy: RunningProxy; readonly port: number }> {
  const port = await freePort();
  writeFileSync(
    config,
    `layer7:
  listeners: {web: 127.0.0.1:${port}}
  pools: {${POOL}: {servers: [${places.join(', ')}]}}
  hosts: [{locations: [{location: /, pool: ${POOL}}]}]
`,
  );
  const proxy = new RunningProxy(['--config', config, '--workers', '1', '--drain', '5']);
  after(() => proxy.signal('SIGTERM'));
  await proxy.reported(/serves \S+ with 1 processes/);
  return { proxy, port };
}

/** Looks until what it sees is fit; `before` each look. */
async function seen(table: PoolTable, isFit: (looked: LookedAt) => boolean, before?: () => Promise<unknown>): Promise<LookedAt> {
  for (let tries = 0; tries < 100; tries++) {
    await before?.();
    const looked = table.look();
    if (looked !== undefined && isFit(looked)) return looked;
    await sleep(100);
  }
  throw new Error('the proxy did not show it in 10 s');
}

async function counted(port: number, count: number): Promise<Readonly<Record<string, number>>> {
  const found: Record<string, number> = {};
  for (let index = 0; index < count; index++) {
    const name = (await get(port)).text.slice(0, 1);
    found[name] = (found[name] ?? 0) + 1;
  }
  return found;
}

/** A write is with the proxy's processes a moment later. */
async function countsBecome(port: number, count: number, isRight: (counts: Readonly<Record<string, number>>) => boolean): Promise<void> {
  let counts = await counted(port, count);
  for (let tries = 0; tries < 100 && !isRight(counts); tries++) counts = await counted(port, count);
  assert.ok(isRight(counts), JSON.stringify(counts));
}

test('weights move the shares of requests, stay over a reload, and cut no WebSocket', { timeout: 60_000 }, async () => {
  const { proxy, port } = await start(servers.map((one) => `127.0.0.1:${one.port}`));
  const [a = '', b = ''] = servers.map((one) => `127.0.0.1:${one.port}`);
  const table = new PoolTable(POOL, { ...LOAD_SOURCES['proxy-requests'], concurrency: 2 });
  const first = await seen(table, () => true);
  assert.deepEqual(
    first.servers.map(({ id, weight }) => [id, weight]),
    [
      [a, 1],
      [b, 1],
    ],
  );
  const chat = await webSocket(port);
  const move = (server: string, from: number, to: number) => ({ server, from, to, reason: 'test' });
  assert.deepEqual(table.write([move(a, 1, 100), move(b, 1, 50), move('another', 1, 2)], 100), [a, b]);
  assert.deepEqual(table.write([move(a, 1, 10)], 100), []);
  await countsBecome(port, 30, ({ a: two = 0, b: one = 0 }) => Math.abs(two - 20) <= 1 && one === 30 - two);
  table.write([move(a, 100, 0)], 100);
  await countsBecome(port, 5, ({ b: all }) => all === 5);
  assert.equal(await chat.echo('still there'), 'still there');
  proxy.signal('SIGHUP');
  await proxy.reported(/the new configuration is in effect/);
  assert.deepEqual(await counted(port, 5), { b: 5 });
  assert.equal(await chat.echo('and now'), 'and now');
  await seen(table, ({ servers: all }) => (all[1]?.counters.conns ?? 0) >= 19);
  // Since the first report the WebSocket is one request of the two that it works on at a time.
  const measured = (looked: LookedAt): { readonly busy: number; readonly total: number } | undefined => {
    const report = looked.reports?.get(a);
    return report?.kind === 'report' ? report.report.counters?.resources?.[0] : undefined;
  };
  const earlier = measured(await seen(table, (looked) => measured(looked) !== undefined));
  assert.ok(earlier !== undefined);
  const later = measured(await seen(table, (looked) => (measured(looked)?.total ?? 0) > earlier.total));
  assert.ok(later !== undefined);
  const share = (later.busy - earlier.busy) / (later.total - earlier.total);
  assert.ok(Math.abs(share - 0.5) < 0.1, JSON.stringify({ earlier, later }));
  chat.end();
  table.close();
  proxy.signal('SIGTERM');
  await proxy.ended;
});

test('the loads in answers are read while they are asked for', { timeout: 60_000 }, async () => {
  const { proxy, port } = await start([`127.0.0.1:${(loaded.address() as AddressInfo).port}`]);
  await get(port);
  const table = new PoolTable(POOL, LOAD_SOURCES['proxy-orca']);
  await seen(table, () => true);
  const { reports } = await seen(
    table,
    (looked) => (looked.reports?.size ?? 0) > 0,
    () => counted(port, 1),
  );
  assert.deepEqual([...(reports?.values() ?? [])], [{ kind: 'report', report: { busy: 0.25 } }]);
  table.close();
  proxy.signal('SIGTERM');
  await proxy.ended;
});
