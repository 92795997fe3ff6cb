// A file that imports breadth.ts is chosen by the long run, too, which needs a test of it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { read, typescript } from '../support/project.js';

test('what imports breadth.ts has breadth', () => {
  const without = typescript().filter((file) => /import \{ test \} from '[./]*support\/breadth\.js'/.test(read(file)));
  assert.deepEqual(without, [], 'import test from node:test');
});
