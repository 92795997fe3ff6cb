import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ChangeMarks } from './change-marks.js';

test('each mark is reported once for all its changes since the last look, whichever count it has', () => {
  const counts = new Uint32Array(4);
  counts[0] = 7;
  const marks = new ChangeMarks(counts);
  assert.deepEqual([...marks.take()], [], 'what was counted before');
  counts[1] = 5;
  counts[0] = 8;
  assert.deepEqual([...marks.take()], [0, 1]);
  assert.deepEqual([...marks.take()], []);
  counts[3] = 0xffff_ffff;
  assert.deepEqual([...marks.take()], [3]);
  counts[3] = 0;
  assert.deepEqual([...marks.take()], [3], 'it may begin again at 0');
});

test('a change that is known already is not reported, and hides no other one of its bucket', () => {
  const counts = new Uint32Array(4);
  const marks = new ChangeMarks(counts);
  counts[1] = 1;
  marks.expect(5);
  assert.deepEqual([...marks.take()], [], 'the mark of a larger table, too');
  counts[1] = 3;
  marks.expect(1);
  assert.deepEqual([...marks.take()], [1]);
  counts[2] = 0xffff_ffff;
  assert.deepEqual([...marks.take()], [2]);
  counts[2] = 0;
  marks.expect(2);
  assert.deepEqual([...marks.take()], [], 'it may begin again at 0');
});
