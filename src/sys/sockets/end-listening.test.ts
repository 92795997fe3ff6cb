// A listening socket that ends: what was begun before comes to its queue, what begins afterwards does not.
import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { after, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { ip } from '../../../test/support/ip.js';
import { native } from '../addon.js';
import { Reactor } from '../reactor/reactor.js';
import { beginNoMore, someHaveBegun } from './end-listening.js';
import { portIn } from './socket-address.js';

const [BACKLOG, SLAB_BYTES, ADDRESS_BYTES] = [8, 1 << 16, 28];
const reactor = new Reactor(
  SLAB_BYTES,
  () => {},
  () => {},
);
after(() => reactor.close());

for (const text of ['127.0.0.1', '::1']) {
  test(`${text}: a client that was silent so far gets in, one that comes later does not`, async () => {
    const address = ip(text);
    const listener = reactor.listen(address, 0, BACKLOG);
    const sockets: Socket[] = [];
    const into = new Uint8Array(ADDRESS_BYTES);
    native().getsockname(listener, into);
    const at = { address, port: portIn(into) };
    const client = (onConnect: () => void): Socket => {
      const socket = connect({ host: text, port: at.port }, onConnect).on('error', () => {});
      sockets.push(socket);
      return socket;
    };
    try {
      assert.equal(someHaveBegun(at), false);
      const early = await new Promise<Socket>((done) => {
        const socket = client(() => done(socket));
      });
      assert.ok(someHaveBegun(at), 'it is connected, and has sent nothing');
      assert.equal(someHaveBegun({ ...at, port: at.port ^ 1 }), false);
      beginNoMore(listener);
      let isLateIn = false;
      client(() => {
        isLateIn = true;
      }).write('late');
      early.write('early');
      while (someHaveBegun(at)) await delay(1);
      const accepted = reactor.accept(listener, 0, 0);
      assert.ok(typeof accepted !== 'number');
      assert.deepEqual(
        accepted.map(({ port }) => port),
        [early.localPort],
      );
      for (const { fd } of accepted) reactor.closeFd(fd);
      assert.equal(isLateIn, false);
    } finally {
      for (const socket of sockets) socket.destroy();
      reactor.closeFd(listener);
    }
  });
}
