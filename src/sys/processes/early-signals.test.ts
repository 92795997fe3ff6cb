import assert from 'node:assert/strict';
import { test } from 'node:test';
import { forgetEarlySignals, keepingEarlySignals } from './early-signals.js';

test('the library is named behind others, once, and forgotten without them', () => {
  const first = keepingEarlySignals({ A: 'b', LD_PRELOAD: '/x/one.so  /y/two.so:/elsewhere/weir-signals.so' });
  const [one, two, own, ...more] = first['LD_PRELOAD']?.split(':') ?? [];
  assert.deepEqual([one, two, more], ['/x/one.so', '/y/two.so', []]);
  assert.match(own ?? '', /^\/.*\/weir-signals\.so$/);
  assert.deepEqual(keepingEarlySignals(first), first);
  forgetEarlySignals(first);
  assert.deepEqual(first, { A: 'b', LD_PRELOAD: '/x/one.so:/y/two.so' });
  const alone = keepingEarlySignals({ A: 'b' });
  forgetEarlySignals(alone);
  assert.deepEqual(alone, { A: 'b' });
});
