import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isMissed } from './part.js';

test('after a reload clients hear of sessions that are not up, but for neighbours that took themselves out of service', () => {
  assert.equal(isMissed({ state: 'up', remoteState: 'up', wentUp: 1 }), false);
  assert.equal(isMissed({ state: 'down', remoteState: 'down', wentUp: 1 }), true);
  assert.equal(isMissed({ state: 'down', remoteState: 'adminDown', wentUp: 1 }), false);
  // It was never there for us: an instance that follows it must not stay master for a neighbour that nobody has seen.
  assert.equal(isMissed({ state: 'down', remoteState: 'adminDown', wentUp: 0 }), true);
});
