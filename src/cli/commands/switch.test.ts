import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memoryIo } from '../io.js';
import { run } from './switch.js';

test('apply without its file, and verbs that there are not', async () => {
  for (const [words, text] of [
    ['apply', /^weir switch: --config is missing\n/],
    ['remove', /apply, status or clear/],
  ] as const) {
    const io = memoryIo();
    assert.equal(await run([words], io), 2);
    assert.match(io.stderr, text);
  }
});
