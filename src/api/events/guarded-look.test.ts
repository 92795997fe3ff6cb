import assert from 'node:assert/strict';
import { test } from 'node:test';
import { guardedLook } from './guarded-look.js';

test('a look that fails is reported once, and again after it has succeeded or for another reason', () => {
  const reported: string[] = [];
  let failure = '';
  const look = guardedLook(
    () => {
      if (failure !== '') throw new Error(failure);
    },
    (error) => reported.push(String(error)),
  );
  for (failure of ['EMFILE', 'EMFILE', 'EACCES', '', 'EACCES']) look();
  assert.deepEqual(reported, ['Error: EMFILE', 'Error: EACCES', 'Error: EACCES']);
});
