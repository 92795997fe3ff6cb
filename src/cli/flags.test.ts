// Option reading: every form, and one clear line for every mistake.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isWeirError } from '../model/errors/weir-error.js';
import { readFlags } from './flags.js';

const types = { vip: 'value', persist: 'flag' } as const;

test('values, flags and words in any order', () => {
  assert.deepEqual(readFlags(['start', '--vip', '10.0.0.1', '--persist'], types), {
    flags: { vip: '10.0.0.1', persist: true },
    words: ['start'],
  });
  assert.deepEqual(readFlags(['--vip=10.0.0.1', 'start'], types), { flags: { vip: '10.0.0.1' }, words: ['start'] });
});

test('mistakes', () => {
  const wrong: readonly (readonly [readonly string[], string])[] = [
    [['--vop', 'x'], 'unknown option: --vop'],
    [['-v'], 'unknown option: -v'],
    [['--toString', 'x'], 'unknown option: --toString'],
    [['--vip'], '--vip needs a value'],
    [['--vip='], '--vip needs a value'],
    [['--persist=1'], '--persist takes no value'],
    [['--vip', 'a', '--vip', 'b'], '--vip is given twice'],
  ];
  for (const [args, message] of wrong) {
    assert.throws(
      () => readFlags(args, types),
      (error) => isWeirError(error) && error.exitStatus === 2 && error.message === message,
    );
  }
});
