import assert from 'node:assert/strict';
import { test } from 'node:test';
import { groupNamed, userNamed } from './accounts.js';

test('root is 0; an unknown name, one that is too long and one with a NUL are no user', () => {
  assert.deepEqual(userNamed('root'), { uid: 0, gid: 0 });
  assert.equal(groupNamed('root'), 0);
  for (const name of ['no such user', '9'.repeat(60_000), 'a\0b']) {
    assert.equal(userNamed(name), undefined);
    assert.equal(groupNamed(name), undefined);
  }
});
