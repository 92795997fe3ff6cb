// Requests that end early or whose target or Host is none, on a socket: refused as any other, by the same rules and counted in the same way.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { type TestContext, test } from 'node:test';
import { Refusals } from '../../src/api/access/refusals.js';
import { TcpAccess, type TlsPeer } from '../../src/api/access/tcp-access.js';
import type { AppOptions } from '../../src/api/http/app.js';
import { closeAll, nodeServer, requestListener } from '../../src/api/http/node-server.js';
import { routes } from '../../src/api/routes/routes.js';
import { field, parseJson } from '../../src/model/json.js';
import { memorySources, writer } from '../support/api.js';
import { ip } from '../support/ip.js';

const HOST = '192.0.2.1:8443';
const peer: TlsPeer = { remote: ip('192.0.2.7'), local: ip('192.0.2.1'), localPort: 8443, certificate: 'none' };

/** A function that sends a text as it is and gives status and code of the answer. */
async function served(context: TestContext, callerOf: AppOptions['callerOf']) {
  const mistakes: unknown[] = [];
  const listener = requestListener({ routes, sources: memorySources, callerOf, onMistake: (error) => void mistakes.push(error) });
  const server = nodeServer<Server>(createServer, listener);
  context.after(() => closeAll([server]));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const ask = async (target: string, host: string) => {
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    socket.end(`GET ${target} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
    let text = '';
    for await (const piece of socket) text += String(piece);
    const body = text
      .split('\r\n\r\n')
      .slice(1)
      .join('')
      .match(/\{.*\}/)?.[0];
    return [Number(text.split(' ')[1]), body === undefined ? undefined : field(parseJson(body), 'code')];
  };
  return { ask, mistakes, port: (server.address() as AddressInfo).port };
}

const TARGETS = ['*', 'http://[/v1', '/v1\\services', 'http://[::1'];
const HOSTS = ['x y', `${HOST}@evil`, `${HOST}#x`, `${HOST}?/`, '[', 'a:b:c', `${HOST}/..`];

test('who may ask is answered 400 where the target or the Host is none', async (context) => {
  const { ask, mistakes } = await served(context, () => writer);
  for (const target of TARGETS) assert.deepEqual([target, await ask(target, HOST)], [target, [400, 'api-target']]);
  for (const host of HOSTS) assert.deepEqual([host, await ask('/v1', host)], [host, [400, 'api-target']]);
  assert.deepEqual(mistakes, []);
});

test('a stranger is refused as with any target: 401, 421, and 429 after twenty; each is counted', async (context) => {
  const refusals = new Refusals(() => {});
  const settings = { clients: [], tokens: '/nonexistent', names: [], openTo: [] };
  let nowMs = 0;
  const access = new TcpAccess(settings, refusals, () => nowMs);
  const { ask, mistakes } = await served(context, (request) => access.callerOf(request, peer));
  for (const target of TARGETS) assert.deepEqual([target, await ask(target, HOST)], [target, [401, 'api-no-credentials']]);
  for (const host of HOSTS) assert.deepEqual([host, await ask('/v1', host)], [host, [421, 'api-host']]);
  for (let more = TARGETS.length + HOSTS.length; more < 20; more++) await ask('*', HOST);
  assert.deepEqual(await ask('*', HOST), [429, 'api-rate']);
  const { no_credentials: unknown, host, rate } = refusals.counts();
  assert.deepEqual([unknown, host, rate], [20 - HOSTS.length, HOSTS.length, 1]);
  nowMs = 3_600_000;
  assert.deepEqual(await ask('*', HOST), [401, 'api-no-credentials']);
  assert.deepEqual(mistakes, []);
});

test('a client that goes away within its body is no mistake of weir', async (context) => {
  const { ask, mistakes, port } = await served(context, () => writer);
  const head = 'POST /v1/plans HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n';
  const refused = (): number =>
    memorySources.requests.snapshot().requests.find(({ route, status }) => route === '/v1/plans' && status === 400)?.count ?? 0;
  const before = refused();
  for (const rest of [
    'Transfer-Encoding: chunked\r\n\r\n5\r\n{"doc',
    'Content-Length: 99\r\n\r\n{"doc',
    'Transfer-Encoding: chunked\r\n\r\nzz\r\n',
  ]) {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => {});
    await new Promise((done) => socket.write(`${head}${rest}`, done));
    await ask('/livez', HOST);
    socket.destroy();
  }
  for (let looks = 0; refused() < before + 3 && looks < 100; looks++) await ask('/livez', HOST);
  assert.deepEqual([refused() - before, mistakes], [3, []]);
});
