import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isReportedDown } from './part.js';

test('after a reload clients are notified of sessions that are not up, but for neighbours that took themselves out of service', () => {
  assert.equal(isReportedDown({ state: 'up', remoteState: 'up', wentUp: 1 }), false);
  assert.equal(isReportedDown({ state: 'down', remoteState: 'down', wentUp: 1 }), true);
  assert.equal(isReportedDown({ state: 'down', remoteState: 'adminDown', wentUp: 1 }), false);
  // It was never there for us: an instance that follows it must not stay master for a neighbour that was never seen.
  assert.equal(isReportedDown({ state: 'down', remoteState: 'adminDown', wentUp: 0 }), true);
});
