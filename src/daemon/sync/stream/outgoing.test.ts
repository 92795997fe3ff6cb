// To a peer that could not be reached: when its own session shows that it can, nothing is waited for.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, mock, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { ip } from '../../../../test/support/ip.js';
import { makeStreamKey } from '../../../host/sync/stream-key.js';
import { Outgoing } from './outgoing.js';
import { PeerTables } from './peer-tables.js';
import { listenForPeers } from './secure-channel.js';

/** This test's own: elsewhere a connection that has just ended may hold the port. */
const HOST = ip('127.0.0.22');
const folder = mkdtempSync(join(tmpdir(), 'weir-outgoing-'));
after(() => rmSync(folder, { recursive: true }));
const own = makeStreamKey(join(folder, 'key'));

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await turn();
}

test('a peer that begins a session is connected to without waiting, once', async () => {
  mock.timers.enable({ apis: ['setTimeout'] }); // the next attempt by itself never comes
  after(() => mock.timers.reset());
  const first = createServer().listen(0, '127.0.0.22');
  await once(first, 'listening');
  const peer = { address: HOST, port: (first.address() as AddressInfo).port };
  await new Promise((done) => first.close(done));

  let clock = 0;
  const outgoing = new Outgoing({
    peer,
    own,
    node: 'lb1',
    id: '1'.repeat(16),
    tables: new PeerTables(() => undefined),
    drains: { revision: 0, all: () => [], overrides: () => [] },
    memory: undefined,
    tablesId: () => undefined,
    now: () => clock,
    log: () => {},
  });
  await until(() => outgoing.status.failure === 'ECONNREFUSED');
  await turn();

  let accepted = 0;
  const server = listenForPeers({
    at: peer,
    own,
    peers: [{ address: ip('127.0.0.1'), port: peer.port }],
    accepted: (socket) => {
      accepted += 1;
      socket.on('error', () => {}).resume();
    },
    refused: (reason) => assert.fail(reason),
    failed: (why) => assert.fail(why),
  });
  await once(server, 'listening');
  outgoing.wake();
  assert.equal(outgoing.status.failure, 'ECONNREFUSED', 'so soon after an attempt none is made');
  clock += 1000;
  outgoing.wake();
  outgoing.wake();
  await until(() => outgoing.status.connected && accepted > 0);
  clock += 1000;
  outgoing.wake();
  await turn();
  assert.equal(accepted, 1);
  const stopped = outgoing.stop();
  server.close();
  await stopped;
});
