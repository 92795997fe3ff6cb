// Every recorded script of the oracle is compared by one of its tests, so that none drops out unseen.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { filesUnder, read } from '../support/project.js';

test('each script of the oracle is in one of its lists of answers, once', () => {
  const scripts = filesUnder('test/oracle/scripts').map((file) => file.replace(/^.*\/|\.\w+$/g, ''));
  const tests = filesUnder('test/oracle').filter((file) => file.endsWith('.test.ts'));
  const named = (call: RegExp): readonly (string | undefined)[] =>
    tests
      .map(read)
      .flatMap((text) => text.match(call) ?? [])
      .flatMap((text) => [...text.matchAll(/'(\w+)'/g)].map(([, name]) => name));
  const judged = named(/testAnswers\([^)]*\)/g);
  // What is asked of processes may be asked of a resident as well.
  const others = named(/testAnswersBy\('resident'[^)]*\)/g).filter((name) => name !== 'resident' && !judged.includes(name));
  assert.deepEqual([...judged, ...others].sort(), scripts.sort());
});
