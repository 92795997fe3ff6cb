import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from './clock.js';

test('the clock never goes back, and sleeping moves it', () => {
  const before = systemClock.now();
  systemClock.sleep(2);
  assert.ok(systemClock.now() > before);
});
