import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ProxyBed } from '../../../test/support/proxy-bed.js';
import { IdleClients } from './idle-clients.js';

const ASK = 'GET / HTTP/1.1\r\nHost: h\r\n\r\n';

test('who waits longest is taken, and who does not wait is asked once only', () => {
  const clients = new IdleClients();
  let asked = 0;
  const client = (isIdle: boolean): { readonly isIdle: boolean; close(): void } => ({
    get isIdle() {
      asked += 1;
      return isIdle;
    },
    close() {},
  });
  const [busy, first, second] = [Array.from({ length: 1000 }, () => client(false)), client(true), client(true)];
  for (const one of [...busy, first, second, first]) clients.add(one);
  assert.equal(clients.take(), second);
  assert.equal(asked, 1001);
  assert.equal(clients.take(), first);
  assert.equal(clients.take(), undefined);
  assert.equal(asked, 1002);
});

test('a client that waits again gives way again; one within a head or an answer does not', () => {
  const bed = new ProxyBed({ servers: 1, limits: { connectionsMax: 2 } });
  const [served, within] = [bed.client(), bed.client()];
  bed.feed(within, 'GET /');
  bed.feed(served, ASK);
  assert.equal(bed.client().isClosed, true);
  bed.feed(bed.servers[0]!, 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
  const came = bed.client();
  assert.deepEqual([served.isClosed, within.isClosed, came.isClosed], [true, false, false]);
});

test('a client that still receives its answer does not give way, and does once it has it', () => {
  const bed = new ProxyBed({ servers: 1, limits: { connectionsMax: 1 } });
  const slow = bed.client();
  slow.room = 20;
  bed.feed(slow, ASK);
  bed.feed(bed.servers[0]!, 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
  assert.deepEqual([bed.client().isClosed, slow.isClosed], [true, false]);
  bed.room(slow, 100);
  assert.ok(slow.received.endsWith('ok'));
  assert.deepEqual([bed.client().isClosed, slow.isClosed], [false, true]);
});

test('clients that reset while they are answered leave the room that others have', () => {
  const bed = new ProxyBed({ servers: 1, limits: { connectionsMax: 3 } });
  bed.edge.onSend = (socket) => {
    socket.broken = true;
  };
  for (let count = 0; count < 10; count++) bed.feed(bed.client(), 'GET /%00 HTTP/1.1\r\nHost: h\r\n\r\n');
  assert.equal(bed.machine.idleClients.size, 0);
  const clients = [bed.client(), bed.client(), bed.client(), bed.client()];
  assert.deepEqual(
    clients.map(({ isClosed }) => isClosed),
    [true, false, false, false],
  );
});
