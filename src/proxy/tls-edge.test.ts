import assert from 'node:assert/strict';
import { Duplex } from 'node:stream';
import { mock, test } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { AGAIN, Slab } from '../control/proxy/edge.js';
import { parseAddress } from '../model/address-text.js';
import type { ReactorEdge } from './reactor-edge.js';
import { TlsEdge } from './tls-edge.js';

/** A socket whose client takes nothing: no write of it ends. */
class StuckSocket extends Duplex {
  override _read(): void {}
  override _write(): void {}
  destroySoon(): void {
    if (this.writable) this.end();
    if (this.writableFinished) this.destroy();
    else this.once('finish', () => this.destroy());
  }
}

function stuck(): { edge: TlsEdge; socket: StuckSocket; fd: number } {
  const edge = new TlsEdge({ slab: new Uint8Array(Slab.bytes), nowUs: 0, readClock() {} } as unknown as ReactorEdge);
  edge.closeMs = 60_000;
  const socket = new StuckSocket();
  const fd = edge.add(socket as unknown as TLSSocket, () => {});
  assert.equal(edge.send(fd, 0, 1000), 1000);
  return { edge, socket, fd };
}

test('a connection of TLS has the address of its socket, as long as that has one', () => {
  const { edge, socket, fd } = stuck();
  assert.equal(edge.localAddress(fd), undefined);
  for (const text of ['192.0.2.7', '2001:db8::7']) {
    Object.assign(socket, { localAddress: text });
    assert.deepEqual(edge.localAddress(fd), parseAddress(text));
  }
  socket.destroy();
});

test('a closed connection of TLS whose client takes nothing is destroyed after the time that it has', async () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  try {
    const { edge, socket, fd } = stuck();
    edge.close(fd);
    mock.timers.tick(59_999);
    assert.equal(socket.destroyed, false);
    assert.equal(edge.closing.size, 1);
    mock.timers.tick(1);
    assert.equal(socket.destroyed, true);
    await new Promise((done) => setImmediate(done));
    assert.equal(edge.closing.size, 0);
  } finally {
    mock.timers.reset();
  }
});

test('one whose answer is cut is destroyed without a wait', () => {
  const { edge, socket, fd } = stuck();
  edge.close(fd, true);
  assert.equal(socket.destroyed, true);
  assert.equal(edge.closing.size, 0);
});

test('what waits for a client of TLS is bounded, whatever is sent at a time', () => {
  const { edge, socket, fd } = stuck();
  assert.equal(edge.send(fd, 0, Slab.receiveMaxBytes), 64_536);
  assert.equal(edge.send(fd, 0, 1), AGAIN);
  assert.equal(socket.writableLength, 65_536);
});
