// A request of which a server may have a byte goes to no other one, unless its method may be repeated.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type MemorySocket, ProxyBed } from '../../../test/support/proxy-bed.js';
import { defaultProxying } from '../../model/layer7/defaults.js';

const GET = 'GET / HTTP/1.1\r\nHost: h\r\n\r\n';
const post = (length: number): string => `POST / HTTP/1.1\r\nHost: h\r\nContent-Length: ${length}\r\n\r\n${'x'.repeat(length)}`;
const statusOf = ({ received }: MemorySocket): string => received.slice(9, 12);

/** Servers of which the kernel takes so much at first. */
function bedWith(room: number): ProxyBed {
  const bed = new ProxyBed({ proxying: { timeouts: { ...defaultProxying.timeouts, connectUs: 10e6, sendUs: 30e6 } } });
  const seen = new Set<MemorySocket>();
  bed.edge.onSend = (socket) => {
    if (socket.server !== undefined && !seen.has(socket)) socket.room = room;
    seen.add(socket);
  };
  return bed;
}

test('a server that took a part of a request and breaks: it is sent to the next one only where it may be repeated', () => {
  for (const [request, room, later, servers] of [
    [post(5000), 0, 0, 2],
    [post(5000), 1, 0, 1],
    [post(5000), 4000, 0, 1],
    [post(5000), 0, 1, 1],
    [GET, 10, 0, 2],
  ] as const) {
    const bed = bedWith(room);
    const client = bed.client();
    bed.feed(client, request);
    if (later > 0) bed.room(bed.servers[0]!, later);
    bed.break(bed.servers[0]!);
    assert.equal(bed.servers.length, servers, `${request.slice(0, 4)} ${room} ${later}`);
    if (servers === 1) assert.equal(statusOf(client), '502');
  }
});

test('the time to connect ends with the first byte that is taken, and then the time to send counts', () => {
  const bed = bedWith(1);
  const client = bed.client();
  bed.feed(client, post(5000));
  bed.wait(29);
  bed.room(bed.servers[0]!, 1);
  bed.wait(29);
  assert.equal(client.received, '');
  bed.wait(2);
  assert.deepEqual([statusOf(client), bed.servers.length, bed.edge.records[0]?.ending], ['504', 1, 'server-timeout']);
  const other = bedWith(0);
  other.feed(other.client(), post(5000));
  other.wait(11);
  assert.equal(other.servers.length, 2, 'nothing was sent: it is asked for at the next one');
});

test('a request that an idle connection did not take goes to its server again, whatever its method', () => {
  const bed = new ProxyBed({ servers: 1 });
  const client = bed.client();
  bed.feed(client, GET);
  bed.feed(bed.servers[0]!, 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
  bed.edge.onSend = (socket) => {
    socket.broken = socket === bed.servers[0];
  };
  bed.feed(client, post(10));
  assert.ok(bed.servers[1]?.received.endsWith('x'.repeat(10)));
});

test('a request that cannot be repeated goes over no idle connection that its server has ended, of which no event was handled so far', () => {
  const part = 'PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 70000\r\n\r\nx';
  for (const [request, isLooked] of [
    [post(10), true],
    [part, true],
    [GET, false],
  ] as const) {
    const bed = new ProxyBed({ servers: 1 });
    const clients = [bed.client(), bed.client(), bed.client()] as const;
    for (const client of clients) bed.feed(client, GET);
    for (const server of bed.servers) bed.feed(server, 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    const [first, second, third] = bed.servers as [MemorySocket, MemorySocket, MemorySocket];
    third.ended = true;
    second.incoming.push(Buffer.from('HTTP/1.1 408 Request Timeout\r\n\r\n'));
    const [before] = [first.received.length];
    bed.feed(clients[0], request);
    assert.deepEqual([third.isClosed, second.isClosed, bed.servers.length], [true, true, isLooked ? 3 : 4], request.slice(0, 4));
    assert.equal(first.received.length > before, isLooked, 'the one that is left');
    assert.equal(third.received.includes('POST') || third.received.includes('PUT'), false);
  }
});
