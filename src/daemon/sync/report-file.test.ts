import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemError } from '../../sys/errno.js';
import { ReportFile } from './report-file.js';

test('what cannot be written ends nothing, and is logged once until it can', () => {
  const lines: string[] = [];
  const file = new ReportFile((_, text) => lines.push(text));
  const failing = (): never => {
    throw systemError('EFBIG', 'write', '/run/weir/sync');
  };
  assert.deepEqual([file.write(failing), file.write(failing), file.write(() => {}), file.write(failing)], [false, false, true, false]);
  const line = 'what it does cannot be written for weir sync status: file too large: going on without it';
  assert.deepEqual(lines, [line, line]);
  assert.throws(
    () =>
      file.write(() => {
        throw new TypeError('a mistake');
      }),
    TypeError,
  );
});
