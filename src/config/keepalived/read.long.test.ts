// The longest configuration in keepalived's manual.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { threeSequences } from '../../../test/support/three-sequences.js';
import { readKeepalived } from './read.js';

test('the manual’s example of 65,024 instances in three sequences is read whole', () => {
  const text = threeSequences(8);
  const { configuration, diagnostics } = readKeepalived(
    { read: () => ({ kind: 'text', text }), list: () => [] },
    { path: 'k.conf', directory: '/', configId: 'vm', environment: {} },
  );
  assert.deepEqual(diagnostics, []);
  assert.equal(configuration?.instances.length, 65_024);
  assert.equal(configuration.files.length, 65_024);
  assert.equal(configuration.instances.at(-1)?.name, 'vrrp4.7.31.254');
});
