import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ReloadPacer } from './reload-pacer.js';

test('verdicts wait 2 s behind the reload before, weights 30 s, and both make one reload', (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  let [now, count] = [0, 0];
  const pass = (ms: number): void => {
    now += ms;
    context.mock.timers.tick(ms);
  };
  const pacer = new ReloadPacer(
    () => count++,
    () => now,
  );
  pacer.want(false);
  pass(0);
  assert.equal(count, 1, 'the first one is due');
  pacer.want(false);
  pass(29_999);
  assert.equal(count, 1);
  pacer.want(true);
  pass(0);
  assert.equal(count, 2, 'a verdict is due before weights are');
  pacer.want(true);
  pacer.want(true);
  pass(1999);
  assert.equal(count, 2);
  pass(1);
  assert.equal(count, 3);
  pacer.want(true);
  pacer.close();
  pass(60_000);
  assert.equal(count, 3);
});
