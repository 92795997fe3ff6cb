import assert from 'node:assert/strict';
import { test } from 'node:test';
import { brokenWithout, NOTHING_LACKS, type PeerStatus, peersMissing, statusAfter, wouldBreak } from './stream-node.js';

const session = {
  connected: true,
  whole: true,
  items: 5,
  waiting: 0,
  digest: 'equal',
  lacking: NOTHING_LACKS,
  lost: 0,
  silentSeconds: 0,
  failure: '',
} as const;
const from: PeerStatus['from'] = { ...session, refused: {} };
const to: PeerStatus['to'] = { ...session, wouldBreak: 0 };
const missing = (changed: Partial<PeerStatus['from']>): readonly string[] =>
  peersMissing({ node: 'lb1', strangers: 0, peers: [{ address: '10.8.9.2:8848', node: 'lb2', to, from: { ...from, ...changed } }] });

test('a peer is missing whose connections have not all come, or not lately, or are not in the tables, and the reason is named', () => {
  for (const changed of [{}, { silentSeconds: 2 }, { digest: 'none' }, { lacking: { ...NOTHING_LACKS, unsupported: 3 } }] as const)
    assert.deepEqual(missing(changed), [], JSON.stringify(changed));
  const each: readonly (readonly [Partial<PeerStatus['from']>, string])[] = [
    [{ connected: false }, 'no session'],
    [{ whole: false }, 'not all of its table has come'],
    [{ waiting: 1 }, 'not all that came is in the table'],
    [{ silentSeconds: 3 }, 'nothing has come for seconds'],
    [{ lacking: { ...NOTHING_LACKS, unbound: 4 } }, '4 of its connections have no service or server here'],
    [{ lacking: { ...NOTHING_LACKS, full: 1 } }, '1 of its connections have no room here'],
    [{ lacking: { ...NOTHING_LACKS, port: 1 } }, '1 of its connections have a local port that is of another client here'],
    [{ lost: 2 }, '2 of its connections were here, and are gone before their time'],
    [{ digest: 'open' }, 'the digests are not compared yet'],
    [{ digest: 'differs' }, 'the digests differ'],
  ];
  for (const [changed, why] of each) assert.deepEqual(missing(changed), [`10.8.9.2:8848 (${why})`]);
});

test('what would break is known of a peer that has all of the table and answers, and is the least of all peers', () => {
  const lacking = { unbound: 1, full: 2, port: 4, unsupported: 8 };
  assert.equal(brokenWithout({ ...session, waiting: 16, lacking, lost: 32 }), 63);
  for (const changed of [{ connected: false }, { whole: false }, { digest: 'differs' }, { silentSeconds: 3 }] as const)
    assert.equal(brokenWithout({ ...session, ...changed }), null, JSON.stringify(changed));
  const peers = (...broken: readonly (number | null)[]) => ({
    node: 'lb1',
    strangers: 0,
    peers: broken.map((count) => ({ address: '10.8.9.2:8848', node: 'lb2', to: { ...to, wouldBreak: count }, from })),
  });
  assert.deepEqual([wouldBreak(peers(null, 7, 3)), wouldBreak(peers(null)), wouldBreak(peers())], [3, undefined, undefined]);
});

test('while a process stands still, it is not known what its peers have, and nothing of theirs has come', () => {
  const status = { node: 'lb1', strangers: 0, peers: [{ address: '10.8.9.2:8848', node: 'lb2', to, from: { ...from, silentSeconds: 1 } }] };
  assert.deepEqual([statusAfter(status, 2), wouldBreak(status)], [status, 0]);
  const stalled = statusAfter(status, 3);
  assert.deepEqual([stalled.stalledSeconds, wouldBreak(stalled), stalled.peers[0]?.to.wouldBreak], [3, undefined, null]);
  assert.deepEqual(peersMissing(stalled), ['10.8.9.2:8848 (nothing has come for seconds)']);
  assert.deepEqual([stalled.peers[0]?.to.silentSeconds, stalled.peers[0]?.from.silentSeconds], [3, 4]);
});
