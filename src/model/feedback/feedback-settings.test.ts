// What the settings of a service become with its scheduler.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CONFIGURED_DEFAULTS, FEEDBACK_DEFAULTS, settingsFor } from './feedback-settings.js';

test('the dead band fits the scheduler, unless one is written down', () => {
  assert.deepEqual(settingsFor(CONFIGURED_DEFAULTS, 'wrr'), FEEDBACK_DEFAULTS);
  assert.equal(settingsFor(CONFIGURED_DEFAULTS, 'mh').deadBand, 0.25);
  for (const scheduler of ['wrr', 'mh']) assert.equal(settingsFor({ ...CONFIGURED_DEFAULTS, deadBand: 0.05 }, scheduler).deadBand, 0.05);
});
