import assert from 'node:assert/strict';
import { constants } from 'node:os';
import { test } from 'node:test';
import { parseAddress } from '../../model/address-text.js';
import { native } from '../addon.js';
import { hasCode } from '../errno.js';
import { socketAddress } from '../sockets/socket-address.js';
import { Events, READING, Reactor } from './reactor.js';

const { EAGAIN, EBADF, ECONNREFUSED, ENOTSOCK } = constants.errno;
const SLAB_BYTES = 65_536;
/** Of Linux: socket(7), tcp(7). */
const [SOL_SOCKET, SO_KEEPALIVE, IPPROTO_TCP, TCP_NODELAY, TCP_QUICKACK] = [1, 9, 6, 1, 12];

/** A reactor whose events can be awaited by descriptor. */
class Bed {
  readonly seen: (readonly [fd: number, events: number])[] = [];
  readonly reactor = new Reactor(
    SLAB_BYTES,
    (fd, events) => {
      this.seen.push([fd, events]);
      this.onEvents?.(fd, events);
    },
    () => {},
  );
  onEvents: ((fd: number, events: number) => void) | undefined;

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise((done) => setImmediate(done));
  }

  listen(text: string): { readonly listener: number; readonly address: Uint8Array } {
    const address = parseAddress(text)!;
    const listener = this.reactor.listen(address, 0);
    assert.ok(listener > 0, `${listener}`);
    const bytes = new Uint8Array(28);
    native().getsockname(listener, bytes);
    return { listener, address: socketAddress(address, (bytes[2] ?? 0) * 256 + (bytes[3] ?? 0)) };
  }
}

async function withBed(work: (bed: Bed) => Promise<void> | void): Promise<void> {
  const bed = new Bed();
  try {
    await work(bed);
  } finally {
    bed.reactor.close();
    bed.reactor.close();
  }
}

test('connections of both families are accepted with their addresses, and bytes pass', async () => {
  await withBed(async (bed) => {
    const { reactor } = bed;
    for (const text of ['127.0.0.1', '::1']) {
      const { listener, address } = bed.listen(text);
      assert.equal(reactor.accept(listener, 0, READING), -EAGAIN);
      const client = reactor.connect(address);
      let accepted = reactor.accept(listener, 0, READING);
      await bed.until(() => {
        if (typeof accepted === 'number') accepted = reactor.accept(listener, 0, READING);
        return typeof accepted !== 'number';
      });
      assert.ok(typeof accepted !== 'number' && accepted.length === 1);
      const [server] = accepted;
      assert.deepEqual(server?.address, parseAddress(text));
      assert.deepEqual(reactor.localAddress(server!.fd), parseAddress(text));
      reactor.slab.write('0123456789');
      assert.equal(reactor.send(client, 2, 5), 5);
      await bed.until(() => reactor.recv(server!.fd, 100, 50) !== -EAGAIN);
      assert.equal(reactor.slab.toString('latin1', 100, 105), '23456');
      assert.equal(reactor.shutdownWrite(client), 0);
      await bed.until(() => reactor.recv(server!.fd, 100, 50) === 0);
      for (const fd of [client, server!.fd, listener]) reactor.closeFd(fd);
    }
  });
});

test('a connection that was accepted without a watch is adopted later, and acknowledges with its answer until it is to do so before', async () => {
  await withBed(async (bed) => {
    const { reactor } = bed;
    const optionOf = (fd: number, level: number, name: number): number => {
      const value = new Uint8Array(4);
      native().getsockopt(fd, level, name, value);
      return value[0] ?? -1;
    };
    const { listener, address } = bed.listen('127.0.0.1');
    const client = reactor.connect(address);
    let accepted = reactor.accept(listener, 0, 0);
    await bed.until(() => {
      if (typeof accepted === 'number') accepted = reactor.accept(listener, 0, 0);
      return typeof accepted !== 'number';
    });
    assert.ok(typeof accepted !== 'number' && accepted.length === 1);
    const { fd } = accepted[0]!;
    const options = (): readonly number[] => [
      optionOf(fd, SOL_SOCKET, SO_KEEPALIVE),
      optionOf(fd, IPPROTO_TCP, TCP_NODELAY),
      optionOf(fd, IPPROTO_TCP, TCP_QUICKACK),
    ];
    assert.deepEqual(options(), [0, 1, 0]);
    reactor.send(client, 0, 10);
    await bed.until(() => reactor.recv(fd, 100, 10) === 10);
    assert.equal(bed.seen.filter(([one]) => one === fd).length, 0);
    assert.equal(reactor.adopt(fd, READING), 0);
    assert.equal(reactor.acknowledge(fd), 0);
    assert.deepEqual(options(), [1, 1, 1]);
    reactor.send(client, 0, 10);
    await bed.until(() => bed.seen.some(([one]) => one === fd));
    assert.equal(reactor.adopt(fd, READING), -constants.errno.EEXIST);
    assert.equal(reactor.acknowledge(1 << 20), -EBADF);
    for (const one of [client, fd, listener]) reactor.closeFd(one);
  });
});

test('an address that is not here can be listened on, and two sockets share one', async () => {
  await withBed(({ reactor }) => {
    const address = parseAddress('198.51.100.77')!;
    const [first, second] = [reactor.listen(address, 8099), reactor.listen(address, 8099)];
    assert.ok(first > 0 && second > 0);
    reactor.closeFd(first);
    reactor.closeFd(second);
    const third = reactor.listen(parseAddress('2001:db8::77')!, 8099);
    assert.ok(third > 0);
    reactor.closeFd(third);
  });
});

test('a refused connection is an event, and its reason is asked for', async () => {
  await withBed(async (bed) => {
    const { listener, address } = bed.listen('127.0.0.1');
    bed.reactor.closeFd(listener);
    const fd = bed.reactor.connect(address);
    await bed.until(() => bed.seen.some(([one, events]) => one === fd && (events & Events.error) !== 0));
    assert.equal(bed.reactor.errorOf(fd), -ECONNREFUSED);
    bed.reactor.closeFd(fd);
  });
});

test('bad descriptors are errors of the system, bad ranges are wrong arguments', async () => {
  await withBed(({ reactor }) => {
    assert.equal(reactor.recv(-1, 0, 10), -EBADF);
    assert.equal(reactor.send(1 << 20, 0, 10), -EBADF);
    assert.equal(reactor.watch(0, READING), -constants.errno.ENOENT);
    assert.equal(reactor.errorOf(native().epollCreate()), -ENOTSOCK);
    for (const [offset, length] of [
      [0, SLAB_BYTES + 1],
      [SLAB_BYTES, 1],
      [-1, 1],
      [0.5, 1],
      [Number.NaN, 1],
    ] as const)
      assert.throws(() => reactor.recv(0, offset, length), { code: 'EINVAL' });
    assert.throws(() => native().reactorConnect(new Uint8Array(1), 0), { code: 'EINVAL' });
    assert.throws(() => native().reactorAccept(0, SLAB_BYTES - 100, 0), { code: 'EINVAL' });
  });
});

test('a thread has one reactor, and calls without one are refused', async () => {
  await withBed(() => {
    assert.throws(
      () => new Bed(),
      (error) => hasCode(error, 'EBUSY'),
    );
  });
  assert.throws(() => native().reactorRecv(0, 0, 1), { code: 'EINVAL' });
});

test('events of descriptors that were closed within their batch reach no later socket of the same number', async () => {
  await withBed(async (bed) => {
    const { listener, address } = bed.listen('127.0.0.1');
    const clients = Array.from({ length: 8 }, () => bed.reactor.connect(address));
    for (const fd of clients) bed.reactor.watch(fd, Events.writable);
    const later: number[] = [];
    bed.onEvents = (fd) => {
      if (later.length > 0) return;
      for (const one of clients) if (one !== fd) bed.reactor.closeFd(one);
      // numbers below those of the clients may be free, too
      for (let tries = 0; tries < 100 && !clients.includes(later.at(-1) ?? -1); tries++) later.push(bed.reactor.connect(address));
    };
    await bed.until(() => later.length > 0);
    assert.ok(clients.includes(later.at(-1)!), `${later}`);
    // the one that was left may be seen once more
    const [first, ...others] = new Set(bed.seen.map(([fd]) => fd));
    assert.deepEqual(others, []);
    for (const fd of [first!, ...later, listener]) bed.reactor.closeFd(fd);
  });
});
