import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { UnixListener } from '../../../test/support/unix-listener.js';
import { hasCode } from '../errno.js';
import { openFds } from '../fd.js';
import { UnixDatagram } from './unix-datagram.js';

test('each text arrives as one datagram; without a listener, or when it is gone, the error has its code', () => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-unix-'));
  const before = openFds();
  try {
    const path = join(folder, 'socket');
    assert.throws(
      () => UnixDatagram.connect(path),
      (error) => hasCode(error, 'ENOENT'),
    );
    const listener = new UnixListener(path);
    const socket = UnixDatagram.connect(path);
    socket.send('one');
    socket.send('zwei €');
    assert.deepEqual([listener.read(), listener.read(), listener.read()], ['one', 'zwei €', undefined]);
    listener.close();
    assert.throws(
      () => socket.send('x'),
      (error) => hasCode(error, 'ECONNREFUSED'),
    );
    socket.close();
    assert.throws(() => UnixDatagram.connect('x'.repeat(200)), { code: 'socket-path' });
    assert.deepEqual(openFds(), before);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('a full queue does not block the sender', () => {
  const name = `@weir-test-${process.pid}`;
  const listener = new UnixListener(name);
  const socket = UnixDatagram.connect(name);
  try {
    assert.throws(
      () => {
        for (let n = 0; n < 100_000; n++) socket.send('x'.repeat(1000));
      },
      (error) => hasCode(error, 'EAGAIN'),
    );
  } finally {
    socket.close();
    listener.close();
  }
});
