import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Heartbeat } from './heartbeat.js';

const ticksUntilHung = (heart: Heartbeat): number => {
  for (let tick = 1; ; tick++) if (heart.tick() !== undefined) return tick;
};

test('ten silent ticks are borne, many more while a child is busy', () => {
  const heart = new Heartbeat('vrrp');
  heart.heard(true);
  assert.equal(ticksUntilHung(heart), 11);
  heart.heard(false);
  assert.equal(heart.tick(), undefined);
  heart.expectWork();
  assert.equal(ticksUntilHung(heart), 121);
  assert.equal(ticksUntilHung(new Heartbeat('checker')), 121);
});
