import assert from 'node:assert/strict';
import { fstatSync } from 'node:fs';
import { test } from 'node:test';
import { native } from './addon.js';
import { closeOnError, Fd, openFds, using } from './fd.js';

const devNull = () => native().open('/dev/null', 0);

test('an Fd is listed while it is open and closed once', () => {
  const before = openFds();
  const fd = new Fd(devNull(), 'a device');
  const { number } = fd;
  assert.deepEqual(openFds(), [...before, `a device (${number})`]);
  fd.close();
  assert.throws(() => fstatSync(number), { code: 'EBADF' });
  // the kernel gives the number to the next open; a second close must not touch that descriptor
  const next = new Fd(devNull(), 'another');
  assert.equal(next.number, number);
  fd.close();
  fstatSync(next.number);
  next.close();
  assert.deepEqual(openFds(), before);
  assert.throws(() => fd.number, /a device was used after it was closed/);
});

test('release gives the descriptor away', () => {
  const fd = new Fd(devNull(), 'given');
  const number = fd.release();
  assert.equal(fd.isOpen, false);
  fd.close();
  native().close(number);
});

test('using closes also when the work throws', () => {
  const before = openFds();
  assert.equal(
    using(new Fd(devNull(), 'used'), (fd) => fd.isOpen),
    true,
  );
  assert.throws(() =>
    using(new Fd(devNull(), 'used'), () => {
      throw new Error('work');
    }),
  );
  assert.deepEqual(openFds(), before);
});

test('closeOnError closes only when the work throws', () => {
  const before = openFds();
  const kept = closeOnError(new Fd(devNull(), 'kept'), (fd) => fd);
  assert.ok(kept.isOpen);
  kept.close();
  assert.throws(
    () =>
      closeOnError(new Fd(devNull(), 'lost'), () => {
        throw new Error('work');
      }),
    /work/,
  );
  assert.deepEqual(openFds(), before);
});
