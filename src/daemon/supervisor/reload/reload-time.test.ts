import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readReloadTime, reloadTimeText } from './reload-time.js';

const now = new Date(2026, 10, 20, 15, 30, 0);
const at = (text: string) => readReloadTime(text, now);

test('a time is today or tomorrow, a date is once, Z is UTC', () => {
  assert.deepEqual(at('15:30:01\n'), { kind: 'at', ms: new Date(2026, 10, 20, 15, 30, 1).getTime(), dated: false });
  assert.deepEqual(at('15:30:00'), { kind: 'at', ms: new Date(2026, 10, 21, 15, 30, 0).getTime(), dated: false });
  assert.deepEqual(at('26-12-31 00:00:00\nmore'), { kind: 'at', ms: new Date(2026, 11, 31).getTime(), dated: true });
  assert.deepEqual(at('2027-01-02 03:04:05Z'), { kind: 'at', ms: Date.UTC(2027, 0, 2, 3, 4, 5), dated: true });
  assert.equal(reloadTimeText(new Date(2027, 0, 2, 3, 4, 5).getTime()), '2027-01-02 03:04:05');
});

test('an empty file is nothing; what is no time, no date or over is logged', () => {
  assert.deepEqual(at(''), { kind: 'none' });
  for (const text of ['\n', '1:2:3', 'soon', '12:00', '12:00:00 ', '2026-1-1 00:00:00', '12:00:00z']) {
    const line = text.replace('\n', '');
    assert.deepEqual(at(text), { kind: 'wrong', why: `Reload time ${line} format is incorrect - ignoring` });
  }
  for (const text of ['24:00:00', '12:60:00', '2027-02-29 12:00:00', '27-13-01 12:00:00']) {
    assert.deepEqual(at(text), { kind: 'wrong', why: `Reload time ${text} is not valid - ignoring` });
  }
  assert.deepEqual(at('2026-11-20 15:29:59'), { kind: 'wrong', why: 'Reload time 2026-11-20 15:29:59 is in the past - ignoring' });
});
