import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { ip } from '../../../../../test/support/ip.js';
import { native } from '../../../../sys/addon.js';
import { openFds } from '../../../../sys/fd.js';
import { HopFinder } from './hop-finder.js';

const loopback = (last: number) => ip(`127.0.1.${last}`);

test('all servers are looked for by one socket, which an error or the end closes', () => {
  const opened = mock.method(native(), 'socket');
  const asked = mock.method(native(), 'sendto');
  const finder = new HopFinder();
  try {
    for (let last = 1; last <= 20; last++) assert.equal(finder.find(loopback(last), []).kind, 'not-made');
    assert.equal(opened.mock.callCount(), 1);
    const before = asked.mock.callCount();
    finder.find(loopback(1), []);
    assert.equal(asked.mock.callCount(), before, 'what was found is known for a while');
    asked.mock.mockImplementationOnce(() => {
      throw Object.assign(new Error('ENOBUFS: No buffer space available, sendto'), { code: 'ENOBUFS', errno: 105, syscall: 'sendto' });
    });
    assert.throws(() => finder.find(loopback(21), []), /ENOBUFS/);
    assert.deepEqual(openFds(), []);
    assert.equal(finder.find(loopback(21), []).kind, 'not-made');
    assert.equal(opened.mock.callCount(), 2);
    finder.close();
    finder.close();
    assert.deepEqual(openFds(), []);
  } finally {
    mock.restoreAll();
  }
});
