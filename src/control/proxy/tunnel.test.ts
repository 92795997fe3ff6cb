import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ProxyBed } from '../../../test/support/proxy-bed.js';

const ASK = 'GET /ws HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';
const SWITCH = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';

test('what a client sends before the 101 reaches the server once there is a tunnel, and in its order', () => {
  const bed = new ProxyBed({ servers: 1 });
  const client = bed.client();
  bed.feed(client, `${ASK}with the head,`, ' before the 101,');
  const [server] = bed.servers;
  assert.ok(server!.received.endsWith('\r\n\r\n'));
  bed.feed(server!, `${SWITCH}hello`);
  assert.ok(client.received.endsWith('\r\n\r\nhello'));
  bed.feed(client, ' behind it');
  assert.ok(server!.received.endsWith('\r\n\r\nwith the head, before the 101, behind it'));
});

test('where there is no tunnel, they are the next request', () => {
  const bed = new ProxyBed({ servers: 1 });
  const client = bed.client();
  bed.feed(client, `${ASK}GET /next HTTP/1.1\r\nHost: h\r\n\r\n`);
  const [server] = bed.servers;
  bed.feed(server!, 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
  assert.match(server!.received, /GET \/next HTTP/);
});

test('a client that ended before the 101 has ended in the tunnel, too', () => {
  const bed = new ProxyBed({ servers: 1 });
  const client = bed.client();
  bed.feed(client, `${ASK}all`);
  bed.end(client);
  const [server] = bed.servers;
  bed.feed(server!, SWITCH);
  assert.ok(server!.received.endsWith('all'));
  assert.deepEqual([server!.isShut, server!.isClosed], [true, false]);
});

test('a server is asked for any one protocol but other versions of HTTP and TLS', () => {
  const asked = (protocol: string): string | undefined => {
    const bed = new ProxyBed({ servers: 1 });
    bed.feed(bed.client(), ASK.replace('Upgrade: websocket', `Upgrade: ${protocol}`));
    return /\r\nUpgrade: (.*)\r\n/.exec(bed.servers[0]!.received)?.[1];
  };
  for (const protocol of ['websocket', 'foo', 'IRC/6.9']) assert.equal(asked(protocol), protocol.toLowerCase());
  for (const protocol of ['h2c', 'H2', 'HTTP/2.0', 'TLS/1.2', 'foo, h2c', 'foo bar']) assert.equal(asked(protocol), undefined, protocol);
});
