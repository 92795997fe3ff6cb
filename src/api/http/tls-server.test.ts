// How many connections one client may have.
import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { test } from 'node:test';
import { boundClients } from './bound-clients.js';
import { CLIENT_BOUND } from './tls-server.js';

class FakeSocket extends EventEmitter {
  isCut = false;

  constructor(readonly remoteAddress: string) {
    super();
  }

  destroy(): void {
    this.isCut = true;
  }
}

test('of IPv6 a client has the connections of one address, whichever of its network it uses', () => {
  const server = new EventEmitter();
  boundClients(server, CLIENT_BOUND);
  const connect = (remoteAddress: string): FakeSocket => {
    const socket = new FakeSocket(remoteAddress);
    server.emit('connection', socket);
    return socket;
  };
  const sockets = Array.from({ length: 70 }, (_, index) => connect(`2001:db8::${(index + 1).toString(16)}`));
  assert.equal(sockets.filter(({ isCut }) => isCut).length, 6);
  assert.deepEqual(
    [connect('2001:db8:0:1::1').isCut, connect('192.0.2.1').isCut, connect('::ffff:192.0.2.1').isCut],
    [false, false, false],
  );
  sockets[0]?.emit('close');
  assert.deepEqual([connect('2001:db8::ffff').isCut, connect('2001:db8::fffe').isCut], [false, true]);
});
