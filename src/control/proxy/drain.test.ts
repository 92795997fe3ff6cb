// What a drain leaves to clients: answers under way, requests on their way, and tunnels until its deadline.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ProxyBed } from '../../../test/support/proxy-bed.js';

const GET = 'GET / HTTP/1.1\r\nHost: h\r\n\r\n';
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

test('a drain serves what has arrived, ends connections between requests, and cuts tunnels only at its deadline', () => {
  const bed = new ProxyBed({ servers: 1 });
  const [idle, tunnel, fresh, arrived] = [bed.client(), bed.client(), bed.client(), bed.client()];
  bed.feed(idle, GET);
  bed.feed(bed.servers[0]!, OK);
  bed.feed(tunnel, 'GET /ws HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
  bed.feed(bed.servers[0]!, 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
  arrived.incoming.push(Buffer.from(GET));
  bed.machine.drain();
  bed.settle();
  assert.deepEqual([idle.isClosed, fresh.isClosed], [false, false], 'a request may be on its way');
  bed.feed(bed.servers[1]!, OK);
  assert.match(arrived.received, /Connection: close\r\n\r\nok$/);
  bed.feed(fresh, GET);
  bed.feed(bed.servers[2]!, OK);
  assert.match(fresh.received, /Connection: close\r\n\r\nok$/);
  bed.wait(1);
  assert.deepEqual([idle.isClosed, tunnel.isClosed], [true, false]);
  bed.machine.cut();
  assert.equal(tunnel.isClosed, true);
  assert.deepEqual(
    bed.edge.records.map(({ ending }) => ending),
    ['done', 'done', 'done', 'drained'],
  );
});

test('a request that comes shortly after the drain began is served, on a connection that had others and behind an answer', () => {
  const bed = new ProxyBed({ servers: 1 });
  const [kept, within] = [bed.client(), bed.client()];
  bed.feed(kept, GET);
  bed.feed(bed.servers[0]!, OK);
  bed.feed(within, GET);
  bed.feed(bed.servers[0]!, OK.slice(0, -1));
  bed.machine.drain();
  bed.feed(bed.servers[0]!, 'k');
  bed.wait(0.9);
  for (const client of [kept, within]) {
    bed.feed(client, GET);
    bed.feed(bed.servers.at(-1)!, OK);
    assert.match(client.received, /Connection: close\r\n\r\nok$/);
    assert.equal(client.isShut, true);
  }
});

test('one that has come when the time of its connection ends is served, and one that came in part has time for the rest', () => {
  const bed = new ProxyBed({ servers: 1 });
  const [whole, part] = [bed.client(), bed.client()];
  for (const client of [whole, part]) {
    bed.feed(client, GET);
    bed.feed(bed.servers[0]!, OK);
  }
  bed.machine.drain();
  whole.incoming.push(Buffer.from(GET));
  part.incoming.push(Buffer.from(GET.slice(0, 9)));
  bed.wait(2);
  bed.wait(2);
  bed.feed(part, GET.slice(9));
  for (const server of bed.servers) bed.feed(server, OK);
  for (const client of [whole, part]) assert.match(client.received, /Connection: close\r\n\r\nok$/);
});

test('a client that still receives its answer has its time for that, also where the drain begins', () => {
  const bed = new ProxyBed({ servers: 1 });
  const client = bed.client();
  client.room = 1000;
  bed.feed(client, GET);
  bed.feed(bed.servers[0]!, `HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n${'x'.repeat(5000)}`);
  bed.machine.drain();
  bed.wait(30);
  bed.room(client, 10_000);
  assert.ok(client.received.endsWith('x'.repeat(5000)));
  bed.wait(2);
  assert.equal(client.isClosed, true);
});
