import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memoryIo } from '../io.js';
import { run } from './stats.js';

test('without the word for what is counted: the usage, its lines as they are', async () => {
  for (const args of [[], ['dropped'], ['drops', 'now'], ['health', '--recent'], ['health', 'now']]) {
    const io = memoryIo();
    assert.equal(await run(args, io), 2);
    assert.match(io.stderr, /^usage: weir stats drops .*\n {7}packets that .*\n(?: {7}.*\n)+$/);
  }
});
