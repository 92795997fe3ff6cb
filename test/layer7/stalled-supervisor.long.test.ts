// A supervisor that stood still, as for files on a disk that does not answer, or with its whole machine: what its processes sent waits to be read.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '../support/free-port.js';
import { get, namedServer, RunningProxy, webSocket } from './running-proxy.js';

/** Longer than a process may be silent. */
const STALL_MS = 12_000;

test('a supervisor that stood still kills none of its processes', async () => {
  const one = await namedServer('a');
  after(() => one.server.closeAllConnections() ?? one.server.close());
  const port = await freePort();
  const proxy = new RunningProxy(['--listen', `127.0.0.1:${port}`, '--workers', '2', '--drain', '1', `127.0.0.1:${one.port}`]);
  after(() => proxy.kill());
  await proxy.reported(/serves/);
  const chat = await webSocket(port);
  proxy.signal('SIGSTOP');
  await delay(STALL_MS);
  proxy.signal('SIGCONT');
  await delay(3000);
  assert.equal(await chat.echo('still here'), 'still here');
  assert.equal((await get(port)).status, 200);
  assert.equal(proxy.stderr.includes('killed'), false, proxy.stderr);
  chat.end();
  proxy.signal('SIGTERM');
  assert.equal(await proxy.ended, 0);
});
