import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Liveness } from './liveness.js';

const ticksUntilHung = (liveness: Liveness): number => {
  for (let tick = 1; ; tick++) if (liveness.tick() !== undefined) return tick;
};

test('a child hangs after ten silent ticks, after many more while it is busy', () => {
  const liveness = new Liveness(10);
  liveness.onMessage(true);
  assert.equal(ticksUntilHung(liveness), 11);
  liveness.onMessage(false);
  assert.equal(liveness.tick(), undefined);
  liveness.expectWork();
  assert.equal(ticksUntilHung(liveness), 121);
  assert.equal(ticksUntilHung(new Liveness(30)), 121);
});
