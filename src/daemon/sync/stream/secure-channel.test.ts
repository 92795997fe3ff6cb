// The socket of a session: what both ends can do is agreed upon before the first byte of it, with builds that know nothing of that, too.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, connect as connectPlain, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { connect, createServer, type TLSSocket } from 'node:tls';
import { ip } from '../../../../test/support/ip.js';
import { makeStreamKey } from '../../../host/sync/stream-key.js';
import { type ConnectionRefusal, HAS_OTHER_KEY, type StreamPeer } from '../../../model/stream-node.js';
import {
  hasDigests,
  hasDrains,
  hasOverrides,
  hasOwners,
  hasReplies,
  hasTables,
  STREAM_PROTOCOLS,
} from '../../../wire/sync/stream-record.js';
import { listenForPeers, openChannel } from './secure-channel.js';

const folder = mkdtempSync(join(tmpdir(), 'weir-channel-'));
after(() => rmSync(folder, { recursive: true }));
const own = makeStreamKey(join(folder, 'not-there-yet', 'key'));
const HOST = ip('127.0.0.1');
const peerAt = (port: number) => ({ address: HOST, port });

const abilities = (alpn: string | false | null): readonly boolean[] =>
  [hasDigests, hasReplies, hasDrains, hasOwners, hasOverrides, hasTables].map((has) => has(alpn));

/** As a build before has it: it names nothing by ALPN. */
const plain = { key: own.key, cert: own.certificate, minVersion: 'TLSv1.3', rejectUnauthorized: false } as const;

async function listening(accepted: (socket: TLSSocket) => void) {
  const failed = (why: string): void => assert.fail(why);
  const server = listenForPeers({ at: peerAt(0), own, peers: [peerAt(0)], accepted, refused: (reason) => assert.fail(reason), failed });
  await once(server, 'listening');
  after(() => server.close());
  return (server.address() as AddressInfo).port;
}

test('two builds that know the same agree upon it', async () => {
  let atServer: TLSSocket | undefined;
  const port = await listening((socket) => {
    atServer = socket;
    socket.end();
  });
  const socket = await new Promise<TLSSocket>((ready, refused) => {
    const opened: TLSSocket = openChannel(
      peerAt(port),
      own,
      () => ready(opened),
      (why) => refused(new Error(why)),
    );
  });
  await once(socket.resume(), 'close');
  for (const alpn of [socket.alpnProtocol, atServer?.alpnProtocol ?? false]) assert.deepEqual(abilities(alpn), new Array(6).fill(true));
});

test('with a build that knows digests, replies of FTP, drains, owners or overrides, and nothing after them, there is that', async () => {
  const port = await listening((socket) => socket.end());
  for (const [since, known] of [
    [1, [true, true, true, true, true, false]],
    [2, [true, true, true, true, false, false]],
    [3, [true, true, true, false, false, false]],
    [4, [true, true, false, false, false, false]],
    [5, [true, false, false, false, false, false]],
  ] as const) {
    const socket = connect({ ...plain, host: '127.0.0.1', port, ALPNProtocols: STREAM_PROTOCOLS.slice(since) });
    await once(socket.resume(), 'close');
    const { alpnProtocol: alpn } = socket;
    assert.deepEqual(abilities(alpn), known);
  }
});

test('with a build before, on either side, there is a session without them', async () => {
  let atServer: TLSSocket | undefined;
  const port = await listening((socket) => {
    atServer = socket;
    socket.end();
  });
  const old = connect({ ...plain, host: '127.0.0.1', port });
  await once(old.resume(), 'close');
  assert.equal(hasDigests(atServer?.alpnProtocol ?? null), false);
  assert.notEqual(atServer, undefined);

  const server = createServer({ ...plain, requestCert: true }, (socket) => socket.end()).listen(0, '127.0.0.1');
  after(() => server.close());
  await once(server, 'listening');
  const socket = await new Promise<TLSSocket>((ready, refused) => {
    const at = peerAt((server.address() as AddressInfo).port);
    const opened: TLSSocket = openChannel(
      at,
      own,
      () => ready(opened),
      (why) => refused(new Error(why)),
    );
  });
  assert.equal(hasDigests(socket.alpnProtocol), false);
  socket.destroy();
});

test('sockets of the address that prove nothing do not keep the peer out: the oldest of them end', async () => {
  const refused: ConnectionRefusal[] = [];
  let sessions = 0;
  const server = listenForPeers({
    at: peerAt(0),
    own,
    peers: [peerAt(0)],
    accepted: (socket) => {
      sessions += 1;
      socket.end();
    },
    refused: (reason) => void refused.push(reason),
    failed: (why) => assert.fail(why),
  });
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const idle = await Promise.all(
    Array.from({ length: 40 }, async () => {
      const socket = connectPlain({ host: '127.0.0.1', port }).on('error', () => {});
      await once(socket, 'connect');
      return socket;
    }),
  );
  const socket = connect({ ...plain, host: '127.0.0.1', port, ALPNProtocols: [...STREAM_PROTOCOLS] });
  await once(socket.resume(), 'close');
  assert.equal(sessions, 1);
  assert.deepEqual(refused, new Array(9).fill('crowded'), '41 came, and 32 have room');
  for (const one of idle) one.destroy();
  server.close();
});

test('who is refused is counted once, by reason: the address, the key, what is no TLS, and what ends before it has proved anything', async () => {
  const refused: ConnectionRefusal[] = [];
  const begin = async (peer: StreamPeer) => {
    const server = listenForPeers({
      at: peerAt(0),
      own,
      peers: [peer],
      accepted: () => assert.fail('it has the key'),
      refused: (reason) => void refused.push(reason),
      failed: (why) => assert.fail(why),
    });
    after(() => server.close());
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  };
  const closed = (socket: Socket): Promise<unknown> => once(socket.on('error', () => {}).resume(), 'close');
  const counted = async (count: number): Promise<void> => {
    while (refused.length < count) await new Promise((next) => setTimeout(next, 5));
  };
  await closed(connectPlain({ host: '127.0.0.1', port: await begin({ address: ip('127.0.0.9'), port: 0 }) }));
  await counted(1);
  const port = await begin(peerAt(0));
  const other = makeStreamKey(join(folder, 'other', 'key'));
  const whys: string[] = [];
  await closed(
    openChannel(
      peerAt(port),
      other,
      () => assert.fail('the keys differ'),
      (why) => whys.push(why),
    ),
  );
  await counted(2);
  assert.deepEqual(whys, [HAS_OTHER_KEY]);
  const noTls = connectPlain({ host: '127.0.0.1', port });
  noTls.write('GET / HTTP/1.1\r\n\r\n');
  await closed(noTls);
  await counted(3);
  const short = connectPlain({ host: '127.0.0.1', port });
  await once(short, 'connect');
  short.destroy();
  await counted(4);
  assert.deepEqual(refused, ['address', 'key', 'handshake', 'handshake']);
});
