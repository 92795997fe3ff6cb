import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { guardedLook, guardedPieces } from './guarded-look.js';

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

test('other work is done between the pieces of a look, and no other look begins', async () => {
  const done: string[] = [];
  const look = guardedPieces(
    function* () {
      for (const piece of ['one', 'two']) {
        done.push(piece);
        yield;
      }
      throw new Error('at its end');
    },
    (error) => done.push(String(error)),
  );
  look();
  look();
  done.push('other work');
  for (let turns = 0; turns < 5; turns++) await setImmediate();
  look();
  assert.deepEqual(done, ['one', 'other work', 'two', 'Error: at its end', 'one']);
});
