// A thousand configurations, one after the other, under requests and open WebSockets: none of either is lost.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { freePort } from '../support/free-port.js';
import { get, namedServer, RunningProxy, webSocket } from './running-proxy.js';

const COUNT = 1000;
const CLIENTS = 8;
const SOCKETS = 5;

test('a thousand reconfigurations under load lose no request and cut no WebSocket', { timeout: 1_200_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-reconfigured-'));
  const servers = [await namedServer('one'), await namedServer('two')];
  const port = await freePort();
  const file = join(folder, 'weir.yaml');
  const write = (turn: number): void => {
    const list = servers.map((server, index) => `{ address: "127.0.0.1:${server.port}", weight: ${1 + ((turn + index) % 7)} }`);
    const locations = turn % 2 === 0 ? '' : `, { location: /turn${turn}, return: { status: 204 } }`;
    writeFileSync(
      file,
      `layer7:
  listeners: { web: "127.0.0.1:${port}" }
  pools: { web: { servers: [${list.join(', ')}], balance: ${turn % 3 === 0 ? 'least_conn' : 'round_robin'} } }
  hosts: [{ default_server: true, locations: [{ location: /, pool: web }${locations}] }]
`,
    );
  };
  write(0);
  const proxy = new RunningProxy(['--config', file, '--workers', '2']);
  await proxy.reported(/serves/);
  const sockets = await Promise.all(Array.from({ length: SOCKETS }, () => webSocket(port)));
  let goesOn = true;
  const statuses = new Map<number, number>();
  const ask = async (): Promise<void> => {
    while (goesOn) {
      const { status } = await get(port);
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
  };
  const load = Promise.all(Array.from({ length: CLIENTS }, ask));
  for (let turn = 1; turn <= COUNT; turn++) {
    write(turn);
    proxy.stderr = '';
    proxy.signal('SIGHUP');
    await proxy.reported(/the new configuration is in effect/);
    if (turn % 100 === 0) for (const socket of sockets) assert.equal(await socket.echo(`turn ${turn}`), `turn ${turn}`);
  }
  goesOn = false;
  await load;
  assert.deepEqual([...statuses.keys()], [200]);
  assert.ok((statuses.get(200) ?? 0) > COUNT);
  for (const socket of sockets) socket.end();
  proxy.signal('SIGTERM');
  await proxy.ended;
  for (const { server } of servers) server.close();
  rmSync(folder, { recursive: true });
});
