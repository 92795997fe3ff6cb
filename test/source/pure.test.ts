// Pure folders know no clock, no timer, no chance and no process: time is an argument, chance a seed, effects are data.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { codeOf, isPure, read, typescript } from '../support/project.js';

const pure = typescript().filter((file) => isPure(file) && !file.endsWith('.test.ts'));
const impure =
  /\bnew Date\b|\bDate\.|\bperformance\.|\bset(?:Timeout|Interval|Immediate)\b|\bqueueMicrotask\b|\bMath\.random\b|\bcrypto\.|\bprocess\.|\bconsole\.|\bfetch\(|\bglobalThis\b|\bawait\b|\basync\b/;

test('no clock, timer, chance or process in a pure folder', () => {
  const wrong = pure.flatMap((file) =>
    codeOf(read(file))
      .split('\n')
      .flatMap((line, index) => (impure.test(line) ? [`${file}:${index + 1}: ${line.trim()}`] : [])),
  );
  assert.ok(pure.length > 10);
  assert.deepEqual(wrong, []);
});
