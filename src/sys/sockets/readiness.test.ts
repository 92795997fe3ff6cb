import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { native } from '../addon.js';
import { Fd, openFds } from '../fd.js';
import { READABLE, type Registration, WRITABLE, whenReady } from './readiness.js';
import { AF, SOCK, socketAddress } from './socket-address.js';

const [AF_UNIX, SOCK_DGRAM] = [1, 2];
const socket = (): Fd => new Fd(native().socket(AF_UNIX, SOCK_DGRAM, 0), 'test');

/** Resolves with the events of the first report. */
const first = (fd: Fd, events: number): Promise<number> =>
  new Promise((resolve) => {
    const registration: Registration = whenReady(fd.number, events, (ready) => {
      registration.remove();
      resolve(ready);
    });
  });

test('a descriptor that is ready is reported; without entries nothing stays open', async () => {
  const before = openFds().length;
  const one = socket();
  assert.equal(await first(one, WRITABLE), WRITABLE);
  one.close();
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(openFds().length, before);
});

test('an entry that another one removes within the same report is not reported, nor is the next use of its place', async () => {
  const sockets = [socket(), socket(), socket()] as const;
  const reported: string[] = [];
  const done = new Promise<void>((resolve) => {
    const [a, b, c] = sockets;
    const second = whenReady(b.number, WRITABLE, () => void reported.push('second'));
    const opener = whenReady(a.number, WRITABLE, () => {
      reported.push('first');
      opener.remove();
      second.remove();
      const third = whenReady(c.number, READABLE, () => void reported.push('third'));
      setImmediate(() =>
        setImmediate(() => {
          third.remove();
          resolve();
        }),
      );
    });
  });
  await done;
  for (const one of sockets) one.close();
  assert.ok(!reported.includes('third'), reported.join(' '));
  assert.ok(reported.filter((what) => what === 'second').length <= 1, 'at most before it was removed');
});

test('a closed descriptor is forgotten, and its number may come again', async () => {
  const one = socket();
  const registration = whenReady(one.number, WRITABLE, () => assert.fail('closed'));
  registration.forget();
  one.close();
  const next = socket();
  assert.equal(await first(next, WRITABLE), WRITABLE);
  next.close();
});

/** A pair of connected datagram sockets of this host: what the second one sends, the first one receives. */
function pair(): readonly [Fd, Fd] {
  const sockets = [0, 1].map(() => new Fd(native().socket(AF.inet, SOCK.datagram, 0), 'test')) as [Fd, Fd];
  const name = socketAddress({ family: 'inet', words: [0x7f000001] });
  native().bind(sockets[0].number, name);
  native().getsockname(sockets[0].number, name);
  native().connect(sockets[1].number, name);
  return sockets;
}

test('what is not ready yet is reported when it is, and what it is changed to meanwhile counts', async () => {
  const pairs = [pair(), pair()] as const;
  const reported: string[] = [];
  const done = new Promise<void>((resolve) => {
    const registrations = pairs.map(([receiver], index) =>
      whenReady(receiver.number, READABLE, (events) => {
        reported.push(`${index} ${events}`);
        native().recvfrom(receiver.number, new Uint8Array(1));
        if (reported.length === 1) {
          // From now on it can be written to, which it is already; of the other one nothing has come yet.
          registrations[0]?.change(WRITABLE);
        } else if (reported.length === 2) {
          registrations[0]?.remove();
          native().sendto(pairs[1][1].number, new Uint8Array(1));
        } else {
          registrations[1]?.remove();
          resolve();
        }
      }),
    );
    setImmediate(() => setImmediate(() => native().sendto(pairs[0][1].number, new Uint8Array(1))));
  });
  await done;
  assert.deepEqual(reported, [`0 ${READABLE}`, `0 ${WRITABLE}`, `1 ${READABLE}`]);
  for (const one of pairs.flat()) one.close();
});

test('more than one call polls are all reported', async () => {
  const sockets = Array.from({ length: 600 }, socket);
  const ready = new Set<number>();
  await new Promise<void>((resolve) => {
    for (const [index, { number }] of sockets.entries()) {
      const registration = whenReady(number, WRITABLE, () => {
        assert.ok(!ready.has(index));
        ready.add(index);
        registration.remove();
        if (ready.size === sockets.length) resolve();
      });
    }
    assert.equal(ready.size, 0, 'from the event loop only');
  });
  for (const one of sockets) one.close();
});

test('what the kernel has no place for is polled until it is ready, and what was ready before gets no entry', async () => {
  const [receiver, sender] = pair();
  const near = socket();
  const refuse = mock.method(native(), 'epollControl', () => {
    throw Object.assign(new Error('ENOSPC: No space left on device, epoll_ctl'), { code: 'ENOSPC', errno: 28, syscall: 'epoll_ctl' });
  });
  try {
    assert.equal(await first(near, WRITABLE), WRITABLE);
    assert.equal(refuse.mock.callCount(), 0);
    const waiting = new Promise<number>((resolve) => {
      const registration = whenReady(receiver.number, READABLE, (events) => {
        registration.forget();
        resolve(events);
      });
    });
    while (refuse.mock.callCount() < 2) await new Promise((resolve) => setTimeout(resolve, 5));
    native().sendto(sender.number, new Uint8Array(1));
    assert.equal(await waiting, READABLE);
  } finally {
    refuse.mock.restore();
    for (const one of [receiver, sender, near]) one.close();
  }
});
