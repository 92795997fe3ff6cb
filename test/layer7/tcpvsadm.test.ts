// tcpvsadm from its commands to answers: what it writes is what weir proxy serves, and a change follows with HUP.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { memoryIo } from '../../src/cli/io.js';
import { SystemNames } from '../../src/cli/names/resolver.js';
import { runTcpvsadm } from '../../src/cli/tcpvsadm/run.js';
import { get, namedServer, RunningProxy } from './running-proxy.js';

const folder = mkdtempSync(join(tmpdir(), 'weir-tcpvsadm-e2e-'));
const servers = await Promise.all(['a', 'b'].map(namedServer));
after(() => {
  for (const { server } of servers) {
    server.closeAllConnections();
    server.close();
  }
  rmSync(folder, { recursive: true });
});

async function tcpvsadm(line: string): Promise<void> {
  const io = memoryIo();
  assert.equal(await runTcpvsadm(line.split(' '), io, { folder, own: () => [], names: new SystemNames() }), 0, io.stderr);
}

test('rules choose the server of each request, and a rule that is deleted is followed after HUP', { timeout: 60_000 }, async (context) => {
  const { server, port } = await namedServer('none');
  server.close();
  const [a = '', b = ''] = servers.map((one) => `127.0.0.1:${one.port}`);
  await tcpvsadm(`-A -i web -s http -l 127.0.0.1:${port}`);
  for (const one of [a, b]) await tcpvsadm(`-a -i web -r ${one}`);
  await tcpvsadm(`--add-rule -i web --pattern=^/images/ -r ${a}`);
  await tcpvsadm(`--add-rule -i web --pattern=.* -r ${b}`);
  await tcpvsadm('--start -i web');
  const proxy = new RunningProxy(['--config', join(folder, 'tcpvsadm.yaml'), '--workers', '1', '--drain', '5']);
  context.after(() => proxy.signal('SIGTERM'));
  await proxy.reported(/serves \S+ with 1 processes/);
  const name = async (path: string): Promise<string> => (await get(port, path)).text.slice(0, 1);
  assert.deepEqual([await name('/images/x'), await name('/images'), await name('/')], ['a', 'b', 'b']);
  await tcpvsadm(`--del-rule -i web --pattern=^/images/ -r ${a}`);
  proxy.signal('SIGHUP');
  await proxy.reported(/the new configuration is in effect/);
  assert.equal(await name('/images/x'), 'b');
  proxy.signal('SIGTERM');
  assert.equal(await proxy.ended, 0);
});
