import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { hasCode, isSystemError, unlessCode } from './errno.js';

function failure(): unknown {
  try {
    readFileSync('/nowhere/at/all');
  } catch (error) {
    return error;
  }
  return undefined;
}

test('knows a system error by code and syscall', () => {
  assert.equal(isSystemError(failure()), true);
  assert.equal(isSystemError(new Error('EPERM')), false);
  assert.equal(isSystemError({ code: 'EPERM', syscall: 'open' }), false);
  assert.equal(hasCode(failure(), 'EACCES', 'ENOENT'), true);
  assert.equal(hasCode(failure(), 'EACCES'), false);
});

test('unlessCode replaces only the failures it names', () => {
  assert.equal(
    unlessCode(() => 1, ['ENOENT'], 2),
    1,
  );
  assert.equal(
    unlessCode(() => readFileSync('/nowhere/at/all'), ['ENOENT'], 2),
    2,
  );
  assert.throws(() => unlessCode(() => readFileSync('/nowhere/at/all'), ['EPERM'], 2), { code: 'ENOENT' });
});
