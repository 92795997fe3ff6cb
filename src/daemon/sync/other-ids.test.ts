import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OtherIds } from './other-ids.js';

test('other ids are counted one by one; 0 takes all', () => {
  const ids = new OtherIds(7);
  assert.deepEqual(
    [7, 8, 0, 8].map((id) => ids.countOther(id)),
    [false, true, true, true],
  );
  assert.deepEqual(ids.counts, { 0: 1, 8: 2 });
  const all = new OtherIds(0);
  assert.equal(all.countOther(9), false);
  assert.deepEqual(all.counts, {});
});
