// What is known of connections that have ended: which of those that peers send are older than that.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OWN_END, RecentEnds } from './recent-ends.js';

const KEY = { pin: 'conns', keyLow: 7, keyHigh: 0x8000_0001, dest: 3 };

function known() {
  let now = 2 ** 32 - 1000;
  const ends = new RecentEnds(() => now);
  const pass = (ms: number): void => {
    now += ms;
  };
  return { ends, pass };
}

test('what a peer relays of a connection that has ended is over, unless it had a packet later', () => {
  const { ends, pass } = known();
  assert.equal(ends.covers(KEY, 1, 0), false);
  ends.note(KEY, 0, 500);
  pass(2000);
  assert.deepEqual([ends.covers(KEY, 1, 2500), ends.covers(KEY, 1, 2400), ends.covers(KEY, 1, 9000)], [true, false, true]);
  for (const other of [{ dest: 4 }, { keyLow: 8 }, { keyHigh: 1 }, { pin: 'conns6' }])
    assert.equal(ends.covers({ ...KEY, ...other }, 1, 2500), false, JSON.stringify(other));
  pass(60_000);
  assert.equal(ends.covers(KEY, 1, 62_500), false);
});

test('what a peer sends after it has sent the end is another connection; of an own end all peers may have one on its way', () => {
  const { ends } = known();
  ends.note(KEY, 0, 10);
  assert.deepEqual([ends.covers(KEY, 0, 10), ends.covers(KEY, 1, 10)], [false, true]);
  ends.note(KEY, 1, 20);
  assert.deepEqual([ends.covers(KEY, 0, 20), ends.covers(KEY, 1, 20), ends.covers(KEY, 2, 20)], [false, false, true]);
  ends.note({ ...KEY, dest: 5 }, OWN_END, 10);
  assert.deepEqual([ends.covers({ ...KEY, dest: 5 }, 0, 10), ends.covers({ ...KEY, dest: 5 }, 1, 10)], [true, true]);
});

test('an end of a later connection counts alone', () => {
  const { ends, pass } = known();
  ends.note(KEY, 0, 10);
  pass(5000);
  ends.note(KEY, 1, 10);
  assert.deepEqual([ends.covers(KEY, 0, 10), ends.covers(KEY, 1, 10)], [true, false]);
});
