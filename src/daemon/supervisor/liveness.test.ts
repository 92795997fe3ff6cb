import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Liveness } from './liveness.js';

const ticksUntilHung = (heart: Liveness): number => {
  for (let tick = 1; ; tick++) if (heart.tick() !== undefined) return tick;
};

test('ten silent ticks are borne, many more while a child is busy', () => {
  const heart = new Liveness('vrrp');
  heart.onMessage(true);
  assert.equal(ticksUntilHung(heart), 11);
  heart.onMessage(false);
  assert.equal(heart.tick(), undefined);
  heart.expectWork();
  assert.equal(ticksUntilHung(heart), 121);
  assert.equal(ticksUntilHung(new Liveness('checker')), 121);
});
