// A connection's requests are answered one after the other, and a caller that asks without end delays the others by one request at a time.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { oneByOne, Turns } from '../../src/api/http/turns.js';

const GET = 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n';

test('of requests that a client sends together, one is answered at a time; one that sends too many is cut off', async (context) => {
  let [open, most, begun] = [0, 0, 0];
  const server = createServer(
    oneByOne((_incoming, outgoing) => {
      begun += 1;
      open += 1;
      most = Math.max(most, open);
      setImmediate(() => outgoing.end('x'));
      outgoing.prependOnceListener('close', () => {
        open -= 1;
      });
    }),
  ).listen(0, '127.0.0.1');
  context.after(() => {
    server.close();
    server.closeAllConnections();
  });
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const ask = async (count: number): Promise<string> => {
    const socket = connect(port, '127.0.0.1').setEncoding('latin1');
    let text = '';
    socket.on('data', (piece: string) => {
      text += piece;
      if (text.split('HTTP/1.1 200').length > count) socket.end();
    });
    socket.on('error', () => {});
    socket.write(GET.repeat(count));
    await once(socket, 'close');
    return text;
  };
  assert.equal((await ask(10)).match(/HTTP\/1\.1 200/g)?.length, 10);
  assert.deepEqual([most, begun], [1, 10]);
  await ask(500);
  assert.ok(begun < 100, `${begun} were begun`);
});

test('what a client has sent behind a request is not begun when the client has gone', async (context) => {
  let begun = 0;
  const server = createServer(
    oneByOne((_incoming, outgoing) => {
      begun += 1;
      // It stays open, as a stream of events.
      outgoing.write('x');
    }),
  ).listen(0, '127.0.0.1');
  context.after(() => {
    server.close();
    server.closeAllConnections();
  });
  await once(server, 'listening');
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [[served]] = await Promise.all([once(server, 'connection'), once(socket, 'data'), socket.write(GET.repeat(10))]);
  const gone = once(served, 'close');
  socket.destroy();
  await gone;
  await nextTurn();
  assert.equal(begun, 1);
});

test('callers have their turns in rotation', async () => {
  const turns = new Turns();
  const order: string[] = [];
  const all = ['a', 'a', 'a', 'a', 'b', 'c', 'b'].map(async (name) => {
    await turns.next(name);
    order.push(name);
  });
  await Promise.all(all);
  assert.deepEqual(order, ['a', 'a', 'b', 'c', 'a', 'b', 'a']);
});
