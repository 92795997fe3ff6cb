// What drains share fits the wire, whatever a peer named.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nextVersion, receivedVersion } from './version.js';

test('an operator has one word more than the highest version that a peer can name, and no version outgrows 32 bits', () => {
  const highest = receivedVersion(0xffff_ffff);
  assert.equal(nextVersion(highest), 0xffff_ffff);
  assert.equal(nextVersion(nextVersion(highest)), 0xffff_ffff);
  assert.equal(nextVersion(7), 8);
});
