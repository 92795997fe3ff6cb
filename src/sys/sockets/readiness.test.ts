import assert from 'node:assert/strict';
import { test } from 'node:test';
import { native } from '../addon.js';
import { Fd, openFds } from '../fd.js';
import { READABLE, type Registration, WRITABLE, whenReady } from './readiness.js';

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
