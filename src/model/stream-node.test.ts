import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type PeerStatus, peersMissing } from './stream-node.js';

const from: PeerStatus['from'] = { connected: true, whole: true, items: 5, waiting: 0, failure: '', refused: {}, silentSeconds: 0 };
const missing = (changed: Partial<PeerStatus['from']>): readonly string[] => {
  const to = { connected: false, whole: false, items: 0, waiting: 0, failure: 'ECONNREFUSED', lacking: 0 };
  return peersMissing({ node: 'lb1', strangers: 0, peers: [{ address: '10.8.9.2:8848', node: 'lb2', to, from: { ...from, ...changed } }] });
};

test('a peer is missing whose connections have not all come, or not lately, or are not in the tables', () => {
  assert.deepEqual(missing({}), []);
  assert.deepEqual(missing({ silentSeconds: 2 }), []);
  const each: readonly Partial<PeerStatus['from']>[] = [{ connected: false }, { whole: false }, { waiting: 1 }, { silentSeconds: 3 }];
  for (const changed of each) assert.deepEqual(missing(changed), ['10.8.9.2:8848'], JSON.stringify(changed));
});
